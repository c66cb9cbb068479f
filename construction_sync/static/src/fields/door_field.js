import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** A count that opens exactly the records it counts. */
export class DoorField extends Component {
    static template = "construction_sync.DoorField";
    static props = { ...standardFieldProps, method: { type: String } };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get count() {
        return this.props.record.data[this.props.name];
    }

    get text() {
        return formatInteger(this.count);
    }

    get label() {
        return _t("%(field)s: %(count)s, open them", {
            field: this.props.record.fields[this.props.name].string,
            count: this.text,
        });
    }

    async open() {
        const { resModel, resId } = this.props.record;
        this.action.doAction(await this.orm.call(resModel, this.props.method, [[resId]]));
    }
}

registry.category("fields").add("construction_door", {
    component: DoorField,
    displayName: _t("Count that opens its records"),
    supportedTypes: ["integer"],
    extractProps: ({ options }) => ({ method: options.action }),
});
