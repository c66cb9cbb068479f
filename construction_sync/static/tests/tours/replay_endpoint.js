import { registry } from "@web/core/registry";

/** A webhook endpoint fails: its form says so and why. */
registry.category("web_tour.tours").add("construction_sync_endpoint_fails", {
    steps: () => [
        {
            trigger: ".o_form_view button[name=action_open_deliveries]",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Ace Concrete') td[name=state]:contains('Needs you')",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Ace Concrete') td[name=title]",
            run: "click",
        },
        {
            content: "What was sent and what came back stand with each try",
            trigger: ".o_form_view .nav-link[name=attempts]",
            run: "click",
        },
        {
            trigger: ".o_form_view [name=attempt_ids] .o_data_row:contains('500')",
        },
    ],
});

/** It has recovered: what it missed is sent again, counted before it is sent. */
registry.category("web_tour.tours").add("construction_sync_endpoint_replay", {
    steps: () => [
        {
            trigger: ".o_form_view .o_form_statusbar button:contains('Send again')",
            run: "click",
        },
        {
            trigger: ".modal .alert-info:contains('1')",
        },
        {
            trigger: ".modal footer button[name=action_send]",
            run: "click",
        },
        {
            trigger: ".modal footer button:contains('Close')",
            run: "click",
        },
    ],
});

/** It arrived. */
registry.category("web_tour.tours").add("construction_sync_endpoint_well", {
    steps: () => [
        {
            trigger: ".o_form_view [name=state]:contains('Delivered')",
        },
    ],
});
