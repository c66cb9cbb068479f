import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";

/**
 * Counts above the overview and the exceptions list. Every count is a door: on the
 * overview it opens the records, on the exceptions list it sets the filter.
 */
export class OverviewTiles extends Component {
    static template = "construction_sync.OverviewTiles";
    static props = {
        list: { type: Object, optional: true },
        filters: { type: Boolean, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ tiles: [] });
        onWillStart(() => this.load());
        onWillUpdateProps(() => this.load());
    }

    async load() {
        this.state.tiles = await this.orm.call("construction.sync.overview", "tiles", []);
    }

    get tiles() {
        return this.props.filters
            ? this.state.tiles.filter((tile) => tile.mine !== null)
            : this.state.tiles;
    }

    /** One row for all and, where something is mine, one for mine. */
    get rows() {
        return this.state.tiles.some((tile) => tile.mine) ? ["all", "mine"] : ["all"];
    }

    tileClass(tile, row) {
        return tile[row]
            ? `bg-${tile.level}-subtle text-${tile.level}-emphasis`
            : "bg-secondary-subtle text-secondary-emphasis";
    }

    isPressed(tile, row) {
        if (!this.props.filters) {
            return undefined;
        }
        const active = this.env.searchModel
            .getSearchItems((item) => item.type === "filter" && item.isActive)
            .map((item) => item.name);
        const mine = active.includes("mine");
        return String(active.includes(tile.key) && mine === (row === "mine"));
    }

    async onClick(tile, row) {
        if (!this.props.filters) {
            const action = await this.orm.call("construction.sync.overview", "open_tile", [
                tile.key,
                row === "mine",
            ]);
            return this.action.doAction(action);
        }
        const pressed = this.isPressed(tile, row) === "true";
        const wanted = pressed ? [] : row === "mine" ? [tile.key, "mine"] : [tile.key];
        const search = this.env.searchModel;
        search.query = [];
        for (const item of search.getSearchItems(
            (item) => item.type === "filter" && wanted.includes(item.name)
        )) {
            search.toggleSearchItem(item.id);
        }
        if (pressed) {
            search.clearQuery();
        }
    }
}
