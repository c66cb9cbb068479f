import { registry } from "@web/core/registry";

const back = {
    content: "Back to the overview",
    trigger: ".o_menu_sections a:contains('Overview'), .o_menu_sections button:contains('Overview')",
    run: "click",
};

/** Every count of the overview is a door to exactly the records it counts. */
registry.category("web_tour.tours").add("construction_sync_read_overview", {
    steps: () => [
        {
            content: "The health of the system is a sentence",
            trigger: ".o_kanban_record:contains('Tour system') .o_construction_health:contains('Needs you')",
        },
        {
            content: "The tile counts one cause",
            trigger: "button.o_construction_tile[data-tile=open][data-row=all]:contains('1')",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('99 88 77')",
        },
        {
            content: "On the exceptions the same tile is a pressed filter",
            trigger: "button.o_construction_tile[data-tile=open][aria-pressed=true]",
        },
        back,
        {
            content: "Two messages need a person",
            trigger: ".o_construction_rows button[data-count=failed]:contains('2')",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:eq(1)",
        },
        {
            content: "Exactly those two",
            trigger: ".o_list_view:not(:has(.o_data_row:eq(2))) td[name=state]:contains('Needs you')",
        },
        back,
        {
            content: "The first button is the next right thing",
            trigger: ".o_kanban_record:contains('Tour system') button[name=action_next_step]:contains('Fix 1 exception')",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('99 88 77')",
        },
    ],
});
