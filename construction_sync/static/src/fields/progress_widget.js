import { Component, onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const INTERVAL = 2000;

/** How far the messages are that a person set going; asks until none moves. */
export class ProgressWidget extends Component {
    static template = "construction_sync.Progress";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ total: 0, applied: 0, moving: 0, failed: 0 });
        onWillStart(() => this.load());
        onWillUnmount(() => clearTimeout(this.timer));
    }

    async load() {
        const figures = await this.orm
            .silent.call(this.props.record.resModel, "progress", [[this.props.record.resId]]);
        Object.assign(this.state, figures);
        if (figures.moving) {
            this.timer = setTimeout(() => this.load(), INTERVAL);
        }
    }

    get percent() {
        const { total, moving } = this.state;
        return total ? Math.round((100 * (total - moving)) / total) : 100;
    }
}

registry.category("view_widgets").add("construction_sync_progress", {
    component: ProgressWidget,
});
