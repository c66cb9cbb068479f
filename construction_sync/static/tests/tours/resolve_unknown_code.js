import { registry } from "@web/core/registry";

/** A cost code that nobody knows is mapped; the messages it held up go on. */
registry.category("web_tour.tours").add("construction_sync_resolve_unknown_code", {
    steps: () => [
        {
            content: "The cause stands once, as a sentence",
            trigger: ".o_data_row .o_construction_sentence:contains('99 88 77')",
            run: "click",
        },
        {
            content: "The form says what to do and offers one main button",
            trigger: ".o_form_view .o_form_statusbar button.btn-primary:contains('Map and go on')",
            run: "click",
        },
        {
            content: "The wizard says how many messages go on",
            trigger: ".modal [name=effect]:contains('2 messages go on now')",
        },
        {
            content: "Choose the cost code it stands for",
            trigger: ".modal [name=res_id] input",
            run: "edit 03 30 00",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('03 30 00')",
            run: "click",
        },
        {
            trigger: ".modal footer button:contains('Map and go on')",
            run: "click",
        },
        {
            content: "What was decided, and how many are on their way",
            trigger: ".modal [role=status]:contains('of 2 are done')",
        },
        {
            trigger: ".modal footer button:contains('Close')",
            run: "click",
        },
        {
            content: "The exception is closed and says how",
            trigger: ".o_form_view [role=status]:contains('Mapped')",
        },
    ],
});

/** After the carrier has run: the same messages are applied. */
registry.category("web_tour.tours").add("construction_sync_messages_landed", {
    steps: () => [
        {
            trigger: ".o_form_view button[name=action_open_messages]",
            run: "click",
        },
        {
            content: "Both messages landed",
            trigger: ".o_list_view .o_data_row:eq(1) td[name=state]:contains('Applied')",
        },
        {
            trigger: ".o_list_view .o_data_row:eq(0) td[name=state]:contains('Applied')",
        },
    ],
});

/** The message itself: its history, and what it did. */
registry.category("web_tour.tours").add("construction_sync_message_history", {
    steps: () => [
        {
            content: "The record it became is a door",
            trigger: ".o_form_view .o_form_statusbar button:contains('Open the record')",
        },
        {
            content: "The message shows what happened, step by step",
            trigger: ".o_form_view .nav-link[name=history]",
            run: "click",
        },
        {
            trigger: ".o_form_view [name=history_ids] .o_data_row",
        },
    ],
});
