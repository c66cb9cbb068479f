import { onWillStart } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { listView } from "@web/views/list/list_view";
import { ListRenderer } from "@web/views/list/list_renderer";
import { OverviewTiles } from "./overview_tiles";

export class OverviewRenderer extends KanbanRenderer {
    static template = "construction_sync.OverviewRenderer";
    static components = { ...KanbanRenderer.components, OverviewTiles };

    setup() {
        super.setup();
        this.action = useService("action");
        onWillStart(async () => {
            this.mayConnect = await user.hasGroup("construction_sync.group_admin");
        });
    }

    connect() {
        this.action.doAction("construction_sync.action_sync_connection");
    }
}

registry.category("views").add("construction_sync_overview", {
    ...kanbanView,
    Renderer: OverviewRenderer,
});

export class ExceptionsRenderer extends ListRenderer {
    static template = "construction_sync.ExceptionsRenderer";
    static components = { ...ListRenderer.components, OverviewTiles };
}

registry.category("views").add("construction_sync_exceptions", {
    ...listView,
    Renderer: ExceptionsRenderer,
});
