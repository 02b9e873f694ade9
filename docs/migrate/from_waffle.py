"""django-waffle's flags, switches and samples for Flagsite.

    python manage.py dumpdata waffle auth.group > waffle.json
    python from_waffle.py waffle.json > carried.json

The context has to carry `superuser`, `staff`, `authenticated` (booleans), `language` and `groups` (names).
"""

from typing import Any

from carried import Carried, run
from documents import Document, any_of, compared

PEOPLE = ("superusers", "superuser"), ("staff", "staff"), ("authenticated", "authenticated")


def convert(export: list[Document]) -> Carried:
    """Return what becomes of a site's flags."""
    carried = Carried()
    groups = {row["pk"]: row["fields"]["name"] for row in export if row["model"] == "auth.group"}
    for row in export:
        fields = row["fields"]
        match row["model"]:
            case "waffle.flag":
                carry_flag(fields, groups, carried)
            case "waffle.switch":
                state = {"enabled": fields["active"], "rollout_percentage": 100}
                carried.flags.append(named(fields, carried) | state)
            case "waffle.sample":
                carried.leave_out(fields["name"], f"a sample ({fields['percent']} %): decides anew each time")
    return carried


def named(fields: Document, carried: Carried) -> Document:
    """Return a boolean flag of that name and note."""
    found = {"key": carried.key(fields["name"]), "type": "boolean", "name": fields["name"]}
    return {
        **found,
        "description": fields.get("note") or "",
        "off_variation": "off",
        "fallthrough": {"variation": "on"},
    }


def carry_flag(fields: Document, groups: dict[Any, str], carried: Carried) -> None:
    """Carry a flag: who has it for sure is a rule or a target, the percentage is the default rule's."""
    flag = named(fields, carried)
    share = 100.0 if fields["everyone"] is not None else float(fields["percent"] or 0)
    flag |= {"enabled": fields["everyone"] is not False, "rollout_percentage": share}
    sure = [compared(attribute, "equals", True) for field, attribute in PEOPLE if fields[field]]
    languages = [language.strip() for language in fields["languages"].split(",") if language.strip()]
    if languages:
        sure.append(compared("language", "in", languages))
    if fields["groups"]:
        names = [group[0] if isinstance(group, list) else groups[group] for group in fields["groups"]]
        sure.append(compared("groups", "any_of", names))
    flag["rules"] = [{"name": "As in waffle", "if": any_of(sure), "serve": {"variation": "on"}}] if sure else []
    if fields["users"] and not isinstance(fields["users"][0], list):
        flag["targets"] = [{"variation": "on", "ids": [str(user) for user in fields["users"]]}]
    elif fields["users"]:
        carried.leave_out(fields["name"], "users by natural keys; dump without --natural-foreign")
    if fields["testing"]:
        carried.leave_out(fields["name"], "the testing mode, by a cookie or a parameter")
    carried.flags.append(flag)


if __name__ == "__main__":
    run(convert)
