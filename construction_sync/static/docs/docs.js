/**
 * Shows openapi.json as a page to read: calls with parameters, bodies, answers and
 * examples, the schemas field by field, and the kinds of problems. No network but that
 * one file, no libraries. Everything is set as text, never as markup.
 */
(function () {
    "use strict";

    const METHODS = ["get", "put", "post"];
    const address = document.getElementById("description").href;
    const main = document.getElementById("content");
    const contents = document.getElementById("contents");
    let description = {};

    function el(name, attributes, ...children) {
        const node = document.createElement(name);
        for (const [key, value] of Object.entries(attributes || {})) {
            if (value !== undefined && value !== null) {
                node.setAttribute(key, value);
            }
        }
        node.append(...children.filter((child) => child !== null && child !== undefined));
        return node;
    }

    /** Text with `code` in it. */
    function prose(text) {
        const parts = String(text || "").split("`");
        return parts.map((part, index) => (index % 2 ? el("code", {}, part) : part));
    }

    function paragraphs(text) {
        return String(text || "")
            .split(/\n\s*\n/)
            .filter((part) => part.trim())
            .map((part) => el("p", {}, ...prose(part.replace(/\s*\n\s*/g, " "))));
    }

    /** What a $ref leads to; words beside the reference win. */
    function resolve(node) {
        if (!node || !node.$ref) {
            return node || {};
        }
        const target = node.$ref
            .slice(2)
            .split("/")
            .reduce((found, step) => found[step.replace(/~1/g, "/").replace(/~0/g, "~")], description);
        const rest = Object.assign({}, node);
        delete rest.$ref;
        return Object.assign({}, resolve(target), rest);
    }

    /** "CostCode" as a heading says it: "Cost code". */
    function inWords(name) {
        const words = name.replace(/([a-z])([A-Z])/g, (_all, end, start) => end + " " + start.toLowerCase());
        return words.replace(/^Wbs/, "WBS");
    }

    function nameOf(node) {
        return node && node.$ref ? node.$ref.split("/").pop() : "";
    }

    /** [schema without null, whether null is allowed]. */
    function withoutNull(schema) {
        if (Array.isArray(schema.type)) {
            const kinds = schema.type.filter((kind) => kind !== "null");
            const kind = kinds.length === 1 ? kinds[0] : kinds;
            return [Object.assign({}, schema, { type: kind }), kinds.length < schema.type.length];
        }
        const choices = schema.anyOf || schema.oneOf;
        if (choices && choices.some((choice) => choice.type === "null")) {
            const rest = choices.filter((choice) => choice.type !== "null");
            if (rest.length === 1) {
                const inner = Object.assign({}, rest[0]);
                if (schema.description) {
                    inner.description = schema.description;
                }
                return [inner, true];
            }
        }
        return [schema, false];
    }

    function kindOf(raw) {
        const [schema, canBeNull] = withoutNull(raw);
        const end = canBeNull ? " or null" : "";
        const name = nameOf(schema);
        if (name) {
            return name + end;
        }
        if (schema.const !== undefined) {
            return JSON.stringify(schema.const);
        }
        if (schema.enum) {
            return schema.enum.map((value) => JSON.stringify(value)).join(", ") + end;
        }
        if (schema.type === "array") {
            return "list of " + kindOf(schema.items || {}) + end;
        }
        if (schema.format === "date" || schema.format === "date-time") {
            return (schema.format === "date" ? "date" : "time with zone") + end;
        }
        if (schema.oneOf || schema.anyOf) {
            return (schema.oneOf || schema.anyOf).map(kindOf).join(" or ") + end;
        }
        const kind = { string: "text", integer: "whole number", boolean: "true or false", object: "object" };
        return [].concat(schema.type || "anything").map((each) => kind[each] || each).join(" or ") + end;
    }

    function limitsOf(raw) {
        const [bare] = withoutNull(raw);
        const schema = bare.$ref ? {} : bare;
        const words = [];
        if (schema.maxLength) {
            words.push("up to " + schema.maxLength + " characters");
        }
        if (schema.maxItems) {
            words.push("up to " + schema.maxItems + " entries");
        }
        if (schema.minimum !== undefined) {
            words.push("from " + schema.minimum);
        }
        if (schema.maximum !== undefined) {
            words.push("to " + schema.maximum);
        }
        if (schema.default !== undefined) {
            words.push("default " + JSON.stringify(schema.default));
        }
        if (schema.examples && typeof schema.examples[0] === "string") {
            words.push("as " + schema.examples[0]);
        }
        return words.join(", ");
    }

    function fieldsOf(node, depth) {
        const schema = resolve(node);
        const list = el("ul", { class: "tree" });
        for (const [name, field] of Object.entries(schema.properties || {})) {
            const needed = (schema.required || []).includes(name);
            const [inner] = withoutNull(field);
            const item = el(
                "li",
                {},
                el("code", {}, name),
                needed ? el("span", { class: "required" }, " required") : null,
                " ",
                el("span", { class: "quiet" }, [kindOf(field), limitsOf(field)].filter(Boolean).join(" · "))
            );
            const text = field.description || inner.description;
            if (text) {
                item.append(el("div", {}, ...prose(text)));
            }
            const below = inner.type === "array" ? inner.items : inner;
            const target = nameOf(below) === "Reference" ? {} : resolve(below || {});
            if (target.properties && depth < 3) {
                item.append(fieldsOf(below, depth + 1));
            }
            list.append(item);
        }
        return list;
    }

    function example(value) {
        const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
        const button = el("button", { type: "button" }, "Copy");
        button.addEventListener("click", () => {
            navigator.clipboard.writeText(text).then(
                () => (button.textContent = "Copied"),
                () => (button.textContent = "Select and copy it yourself")
            );
        });
        return el("div", { class: "example" }, el("pre", { tabindex: "0" }, text), button);
    }

    function table(heads, rows) {
        return el(
            "table",
            {},
            el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
            el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, ...[].concat(cell))))))
        );
    }

    function parametersOf(item, operation) {
        const all = [...(item.parameters || []), ...(operation.parameters || [])].map(resolve);
        if (!all.length) {
            return [];
        }
        const rows = all.map((parameter) => [
            [el("code", {}, parameter.name), parameter.required ? el("span", { class: "required" }, " required") : ""],
            parameter.in,
            [
                ...prose(parameter.description),
                " ",
                el(
                    "span",
                    { class: "quiet" },
                    [kindOf(parameter.schema || {}), limitsOf(parameter.schema || {})].filter(Boolean).join(" · ")
                ),
            ],
        ]);
        return [el("h4", {}, "Parameters"), table(["Name", "In", "What it is"], rows)];
    }

    function firstExample(content) {
        if (content.example !== undefined) {
            return content.example;
        }
        const all = Object.values(content.examples || {});
        return all.length ? all[0].value : undefined;
    }

    function bodyOf(operation) {
        const found = [];
        for (const [kind, content] of Object.entries((operation.requestBody || {}).content || {})) {
            found.push(el("h4", {}, "Body, ", el("code", {}, kind)));
            const name = nameOf(content.schema);
            if (name) {
                found.push(el("p", {}, "Fields: ", el("a", { href: "#schema-" + name }, name)));
            }
            const sample = firstExample(content);
            if (sample !== undefined) {
                found.push(example(sample));
            }
        }
        return found;
    }

    function quoted(text) {
        return "'" + text.replace(/'/g, "'\\''") + "'";
    }

    function curlOf(path, method, operation) {
        const base = location.origin + description.servers[0].url;
        const target = path.replace("{id}", "V-1001").replace("{uuid}", "<uuid>").replace("{system}", "<system>");
        const lines = ["curl " + (method === "get" ? "" : "-X " + method.toUpperCase() + " ") + quoted(base + target)];
        if (!operation.security) {
            lines.push('-H "Authorization: Bearer $KEY"');
        }
        const contents = Object.entries((operation.requestBody || {}).content || {});
        if (contents.length) {
            const [kind, content] = contents[0];
            lines.push("-H " + quoted("Content-Type: " + kind));
            lines.push("-d " + quoted(JSON.stringify(firstExample(content) || {})));
        }
        return lines.join(" \\\n  ");
    }

    function answersOf(operation) {
        const rows = Object.entries(operation.responses).map(([status, raw]) => {
            const response = resolve(raw);
            const names = Object.keys(response.headers || {}).filter(
                (name) => !["traceparent", "RateLimit", "RateLimit-Policy", "Deprecation", "Sunset"].includes(name)
            );
            const bodies = Object.values(response.content || {})
                .map((content) => nameOf(content.schema))
                .filter(Boolean);
            return [
                el("code", {}, status === "default" ? "other" : status),
                [
                    ...prose(status === "default" ? "Any other problem, in the same shape." : response.description),
                    names.length ? el("div", { class: "quiet" }, "Headers: " + names.join(", ")) : "",
                ],
                bodies.flatMap((name, index) => [index ? ", " : "", el("a", { href: "#schema-" + name }, name)]),
            ];
        });
        return [el("h4", {}, "Answers"), table(["Status", "When", "Body"], rows)];
    }

    function operationArticle(path, method, item, operation) {
        return el(
            "article",
            { id: "call-" + operation.operationId },
            el("h3", {}, operation.summary),
            el("p", { class: "call" }, el("span", { class: "method " + method }, method.toUpperCase()), el("code", {}, description.servers[0].url + path)),
            ...paragraphs(operation.description),
            ...parametersOf(item, operation),
            ...bodyOf(operation),
            el("details", {}, el("summary", {}, "With curl"), example(curlOf(path, method, operation))),
            ...answersOf(operation)
        );
    }

    function schemaArticle(name, schema) {
        const article = el("article", { id: "schema-" + name }, el("h3", {}, name), ...paragraphs(schema.description));
        if (schema.properties) {
            article.append(fieldsOf(schema, 1));
        } else if (schema.oneOf) {
            const links = schema.oneOf.flatMap((choice, index) => {
                const target = nameOf(choice);
                return [index ? ", " : "", target ? el("a", { href: "#schema-" + target }, target) : kindOf(choice)];
            });
            article.append(el("p", {}, "One of: ", ...links));
            for (const choice of schema.oneOf.filter((each) => each.properties)) {
                article.append(fieldsOf(choice, 1));
            }
        } else {
            article.append(el("p", {}, kindOf(schema)));
        }
        if (schema.examples && typeof schema.examples[0] === "object") {
            article.append(example(schema.examples[0]));
        }
        return article;
    }

    function addGroup(title, text, articles, slug) {
        const section = el("section", { class: "group", id: slug }, el("h2", {}, title), ...paragraphs(text), ...articles);
        main.append(section);
        const links = articles
            .filter((article) => article.id)
            .map((article) => el("li", {}, el("a", { href: "#" + article.id }, article.querySelector("h3").textContent)));
        contents.append(el("h2", {}, el("a", { href: "#" + slug }, title)), el("ul", {}, ...links));
    }

    function problemsTable() {
        const rows = (description["x-problems"] || []).map((kind) => {
            const cell = el("code", { id: "problem-" + kind.kind }, kind.kind);
            return [cell, String(kind.status), [kind.title + ". ", el("span", { class: "quiet" }, kind.remedy)]];
        });
        return el("article", {}, table(["Kind", "Status", "What it means and what to do"], rows));
    }

    function show() {
        document.getElementById("state").remove();
        document.getElementById("version").textContent = description.info.version;
        main.append(...paragraphs(description.info.description));
        main.append(
            el(
                "p",
                {},
                "Every call but health and this description needs a key: ",
                el("code", {}, "Authorization: Bearer <key>"),
                ". An administrator registers your client in Odoo and gives you the key once."
            )
        );
        for (const tag of description.tags) {
            const articles = [];
            for (const [path, item] of Object.entries(description.paths)) {
                for (const method of METHODS) {
                    if (item[method] && item[method].tags.includes(tag.name)) {
                        articles.push(operationArticle(path, method, item, item[method]));
                    }
                }
            }
            addGroup(inWords(tag.name), tag.description, articles, "tag-" + tag.name);
        }
        const schemas = Object.entries(description.components.schemas).map(([name, schema]) => schemaArticle(name, schema));
        addGroup("Problems", "Errors are RFC 9457 documents. The type ends with one of these kinds.", [problemsTable()], "problems");
        addGroup("Schemas", "Every body, field by field.", schemas, "schemas");
        openTarget();
    }

    function openTarget() {
        // The page is made after the browser looked for its anchor.
        const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
        if (target) {
            target.scrollIntoView();
        }
    }

    function find(text) {
        const words = text.toLowerCase().split(/\s+/).filter(Boolean);
        for (const article of main.querySelectorAll("article")) {
            const body = article.textContent.toLowerCase();
            article.hidden = !words.every((word) => body.includes(word));
        }
        for (const link of contents.querySelectorAll("li > a")) {
            const article = document.getElementById(link.hash.slice(1));
            link.parentElement.hidden = Boolean(article && article.hidden);
        }
    }

    document.getElementById("find").addEventListener("input", (event) => find(event.target.value));
    fetch(address, { headers: { Accept: "application/json" } })
        .then((answer) => {
            if (!answer.ok) {
                throw new Error("it was answered with status " + answer.status);
            }
            return answer.json();
        })
        .then((found) => {
            description = found;
            show();
        })
        .catch((error) => {
            const state = document.getElementById("state") || main.appendChild(el("p", { role: "status" }));
            state.className = "error";
            state.textContent = "The description could not be read: " + error.message + ". Reload the page, or read " + address + ".";
        });
})();
