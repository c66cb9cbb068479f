import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { SelectMenu } from "@web/core/select_menu/select_menu";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * A text field whose values come from the record: ``choices``, a list of
 * ``[value, label]``. For names that depend on the data type.
 */
export class ChoiceField extends Component {
    static template = "construction_sync.ChoiceField";
    static components = { SelectMenu };
    static props = { ...standardFieldProps };

    get choices() {
        return (this.props.record.data.choices || []).map(([value, label]) => ({
            value,
            label,
        }));
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    get label() {
        const choice = this.choices.find((choice) => choice.value === this.value);
        return choice ? choice.label : this.value || "";
    }

    onSelect(value) {
        this.props.record.update({ [this.props.name]: value || false });
    }
}

registry.category("fields").add("construction_choice", {
    component: ChoiceField,
    displayName: _t("Choice"),
    supportedTypes: ["char"],
});
