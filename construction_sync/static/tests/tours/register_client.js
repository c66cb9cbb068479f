import { registry } from "@web/core/registry";

/** A client is registered and its key is shown once. */
registry.category("web_tour.tours").add("construction_sync_register_client", {
    steps: () => [
        {
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            trigger: ".o_form_view [name=name] input",
            run: "edit Estimating middleware",
        },
        {
            trigger: ".o_form_view [name=system_ids] input",
            run: "edit Tour system",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('Tour system')",
            run: "click",
        },
        {
            content: "Before it has a key the form says so",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            trigger: ".o_form_view .alert-warning:contains('no valid key')",
        },
        {
            trigger: "button[name=action_new_key]",
            run: "click",
        },
        {
            content: "The key is shown, with an example to try",
            trigger: ".modal [name=key]:contains('csk_')",
        },
        {
            trigger: ".modal footer button:contains('I have copied it')",
            run: "click",
        },
        {
            content: "The list of keys tells how it begins, never the key itself",
            trigger: ".o_form_view [name=key_ids] .o_data_row",
        },
    ],
});
