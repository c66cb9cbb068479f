import { registry } from "@web/core/registry";

const next = { trigger: ".modal footer button[name=action_next]", run: "click" };

/** A REST system is connected without code, and its first records are seen. */
registry.category("web_tour.tours").add("construction_sync_connect_rest", {
    steps: () => [
        {
            trigger: "button:contains('Connect a system')",
            run: "click",
        },
        {
            trigger: ".modal [name=adapter] label:contains('REST')",
            run: "click",
        },
        next,
        {
            trigger: ".modal [name=name] input",
            run: "edit Batching Plant",
        },
        {
            trigger: ".modal [name=environment] label:contains('Test')",
            run: "click",
        },
        next,
        {
            content: "Where it is, and how Odoo logs in",
            trigger: ".modal [name=address] input",
            run: `edit ${window.location.hash.slice(1) || "/"}`,
        },
        {
            trigger: ".modal [name=login_kind] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('Bearer token')",
            run: "click",
        },
        {
            trigger: ".modal [name=login_value] input",
            run: "edit plant-key-0123456789",
        },
        {
            trigger: ".modal button[name=action_test]",
            run: "click",
        },
        {
            trigger: ".modal .alert-success:contains('It answered')",
        },
        next,
        {
            trigger: ".modal footer button[name=action_describe]",
            run: "click",
        },
        {
            trigger: ".o_form_view [name=list_path] input",
            run: "edit /v1/vendors",
        },
        {
            trigger: ".o_form_view [name=entity] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('Vendors')",
            run: "click",
        },
        {
            trigger: ".o_form_view [name=items_at] input",
            run: "edit data",
        },
        {
            trigger: ".o_form_view [name=line_ids] a:contains('Add a line')",
            run: "click",
        },
        {
            trigger: ".o_form_view [name=line_ids] .o_selected_row [name=field] input",
            run: "edit name",
        },
        {
            trigger: ".o_form_view [name=line_ids] .o_selected_row [name=expression] input",
            run: "edit company_name",
        },
        {
            trigger: ".o_form_view .nav-link[name=pages]",
            run: "click",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            trigger: "button[name=action_try]",
            run: "click",
        },
        {
            content: "The first records, before anything is stored",
            trigger: ".modal [name=record_ids] .o_data_row:contains('Ace Concrete')",
        },
        {
            trigger: ".modal [name=record_ids] .o_data_row:contains('Bolt Steel')",
        },
    ],
});
