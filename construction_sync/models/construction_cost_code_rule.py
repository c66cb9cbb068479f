"""Rules that read the cost codes of a system that writes them in its own way."""

import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .. import cost_code_notation


class ConstructionCostCodeRule(models.Model):
    """One way of reading a written code; the first rule that fits decides.

    The usual MasterFormat notations need no rule. A rule never guesses: it fits the
    whole text or it does not fit.
    """

    _name = "construction.cost.code.rule"
    _description = "Cost Code Rule"
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    system_id = fields.Many2one(
        "construction.sync.system",
        ondelete="cascade",
        index="btree_not_null",
        help="The system whose codes are written this way. Empty: every system.",
    )
    scheme_id = fields.Many2one(
        "construction.cost.code.scheme",
        required=True,
        ondelete="cascade",
        index=True,
        default=lambda self: self.env[
            "construction.cost.code.scheme"
        ]._default_scheme(),
    )
    kind = fields.Selection(
        [
            ("regex", "Pattern"),
            ("split", "Code, delimiter, cost type"),
            ("pad", "Groups of digits filled with zeros"),
            ("lookup", "Table"),
        ],
        required=True,
        default="split",
    )
    pattern = fields.Char(
        help="Regular expression for the whole text, with a group named code (or "
        "code1, code2 ...) and, if the text carries it, one named type.",
    )
    delimiter = fields.Char(
        help="What stands between code and cost type; the last one counts."
    )
    widths = fields.Char(help="Lengths of the groups of digits, for instance 2,2,2.")
    lookup = fields.Text(
        string="Table",
        help="One per line: what the system writes, an equals sign, the code, and if "
        "wanted a comma and the cost type. For instance: CONC = 03 30 00, S",
    )

    @api.constrains("kind", "pattern", "delimiter", "widths", "lookup")
    def _check_kind(self):
        for rule in self:
            sentence = rule._fault()
            if sentence:
                raise ValidationError(sentence)

    def _fault(self):
        """What is missing or wrong in this rule (a sentence), or None."""
        self.ensure_one()
        if self.kind == "regex":
            try:
                groups = re.compile(self.pattern or "").groupindex
            except re.error as error:
                return self.env._(
                    "The pattern of the rule %(rule)s cannot be read: %(reason)s.",
                    rule=self.name,
                    reason=error,
                )
            if not any(name.startswith("code") for name in groups):
                return self.env._(
                    "The pattern of the rule %(rule)s needs a group named code, for "
                    "instance %(example)s.",
                    rule=self.name,
                    example="(?P<code>[0-9]{6})",
                )
        if self.kind == "split" and not self.delimiter:
            return self.env._(
                "The rule %(rule)s needs the delimiter between code and cost type.",
                rule=self.name,
            )
        if self.kind == "pad" and not re.fullmatch(
            r"\s*[1-9]\s*(,\s*[1-9]\s*){0,5}", self.widths or ""
        ):
            return self.env._(
                "The rule %(rule)s needs the lengths of its groups, such as 2,2,2.",
                rule=self.name,
            )
        if self.kind == "lookup" and not self._lookup_table():
            return self.env._(
                "The table of the rule %(rule)s needs lines like CONC = 03 30 00, S.",
                rule=self.name,
            )
        return None

    def _lookup_table(self):
        """``{written: (code, cost type or None)}`` of the rule's table."""
        table = {}
        for line in (self.lookup or "").splitlines():
            written, _equals, target = line.partition("=")
            code, _comma, kind = target.partition(",")
            if (key := cost_code_notation.clean(written)) and code.strip():
                table[key] = (code.strip(), kind.strip() or None)
        return table

    @api.model
    def _applicable(self, system, scheme=None):
        """Rules for ``system``: its own first, then those of no system."""
        domain = Domain("system_id", "in", [False, *(system.ids if system else [])])
        if scheme:
            domain &= Domain("scheme_id", "in", scheme.ids)
        return self.search(domain).sorted(lambda r: (not r.system_id, r.sequence, r.id))

    def _read_code(self, text, words):
        """``[(scheme id, Written), ...]`` of the rules that fit, in order."""
        readings = []
        for rule in self:
            grammar = rule.scheme_id.grammar
            if rule.kind == "regex":
                written = cost_code_notation.by_regex(
                    text, rule.pattern, grammar, words
                )
            elif rule.kind == "split":
                written = cost_code_notation.by_split(
                    text, rule.delimiter, grammar, words
                )
            elif rule.kind == "pad":
                widths = [int(width) for width in rule.widths.split(",")]
                written = cost_code_notation.by_pad(text, widths, grammar, words)
            else:
                written = cost_code_notation.by_lookup(
                    text, rule._lookup_table(), grammar, words
                )
            if written:
                readings.append((rule.scheme_id.id, written))
        return readings
