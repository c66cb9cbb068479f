import { patch } from "@web/core/utils/patch";
import { Field } from "@web/views/fields/field";

/**
 * Fields that an outside system leads are readonly in every form of the record and
 * say why. The server refuses the change as well; this only tells beforehand.
 */
patch(Field.prototype, {
    /** Why the field is locked, or false. */
    get constructionLock() {
        const { record, name, fieldInfo } = this.props;
        if (!fieldInfo || fieldInfo.viewType !== "form" || fieldInfo.widget === "statinfo") {
            return false;
        }
        const lock = record.data.construction_sync_lock;
        return (lock && lock[name]) || false;
    },

    get fieldComponentProps() {
        const props = super.fieldComponentProps;
        return this.constructionLock ? { ...props, readonly: true } : props;
    },

    get classNames() {
        const names = super.classNames;
        if (this.constructionLock) {
            names.o_readonly_modifier = true;
            names.o_construction_locked = true;
        }
        return names;
    },
});
