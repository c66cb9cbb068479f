import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** The data types of a system on its card: each count opens exactly its records. */
export class SystemRows extends Component {
    static template = "construction_sync.SystemRows";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get rows() {
        return JSON.parse(this.props.record.data.dashboard).rows;
    }

    async open(method, row) {
        this.action.doAction(
            await this.orm.call("construction.sync.flow", method, [[row.flow]])
        );
    }
}

registry.category("view_widgets").add("construction_sync_rows", {
    component: SystemRows,
    fieldDependencies: [{ name: "dashboard", type: "text" }],
});
