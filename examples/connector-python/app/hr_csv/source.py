"""The source: people.csv, groups.csv and members.csv of one folder.

Every file ends with a line "#rows,N". A file without it, or with another number, was
cut off on its way here; its reader must never see it as "the others have left".
"""
import csv
import hashlib
import io
import json
import os

from . import contract as c
from .serve import keep_secret, redact, stream, unary

SECRETS = ("seal",)
PAGE_RECORDS, PAGE_BYTES, PORTION = 500, 256 << 10, 1000
PEOPLE = ("id", "username", "email", "display_name", "given_name", "family_name", "active")
_settings = {}


class Refused(Exception):
    """The export cannot be used. The reason is one of Failure.Reason's names."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.failure = c.Failure(reason=getattr(c.Failure, "REASON_" + reason), message=redact(message))


# What the plugin is ----------------------------------------------------------------

FIELDS = (
    {"name": "folder", "required": True, "doc": "Folder with people.csv, groups.csv and members.csv.", "example": "/srv/hr-export"},
    {"name": "seal", "sensitive": True, "doc": "Key that the export is sealed with: each file's last line then ends in the "
     "SHA-256 of the key and all lines before. Not set: the number of rows alone is compared."},
)


def describe(request, context):
    answer = c.DescribeResponse(type="hr-csv", version="0.1.0", summary="People and groups of a nightly CSV export.",
                                sdk="python/handwritten", roles=[c.number("ROLE_SOURCE")],
                                permissions="Read access to the folder.", limits="The files are read anew for every read.")
    for field in FIELDS:
        answer.config.root.fields.add(type=c.number("TYPE_STRING"), **field)
    user = answer.kinds.add(name="user", shape=c.Kind.SHAPE_USER)
    user.attributes.add(name="*", doc="Every further column of people.csv.")
    answer.kinds.add(name="group", shape=c.Kind.SHAPE_GROUP)
    answer.capabilities.lookup = True
    return answer


def configure(request, context):
    answer = c.ConfigureResponse()

    def wrong(name, summary):
        d = answer.diagnostics.add(severity=c.Diagnostic.SEVERITY_ERROR, code="hr-csv.config", summary=redact(summary))
        d.path.steps.add(name=name)

    try:
        settings = json.loads(request.config_json or b"{}")
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        answer.diagnostics.add(severity=c.Diagnostic.SEVERITY_ERROR, code="hr-csv.config", summary="The configuration is not a JSON object.")
        return answer
    for name in SECRETS:
        if isinstance(settings.get(name), str):
            keep_secret(settings[name])
    for name, value in settings.items():
        if name not in (f["name"] for f in FIELDS):
            wrong(name, "There is no setting %r." % name)
        elif value is not None and not isinstance(value, str):
            wrong(name, "%s must be a string." % name)
    if not settings.get("folder"):
        wrong("folder", "folder is required: where the export is.")
    if not answer.diagnostics:
        _settings.clear()
        _settings.update(settings)
    return answer


def check(request, context):
    step = c.CheckResponse(step="read the export")
    try:
        step.detail = "%d people, %d groups" % (len(rows("people")), len(rows("groups")))
        step.outcome = c.CheckResponse.OUTCOME_PASSED
    except Refused as refused:
        step.outcome = c.CheckResponse.OUTCOME_FAILED
        step.diagnostics.add(severity=c.Diagnostic.SEVERITY_ERROR, code="hr-csv.export", summary=refused.failure.message,
                             detail="Let the personnel system write the export again.")
    yield step


# Reading the files -------------------------------------------------------------------

def rows(name):
    """The rows of one file as dictionaries, or Refused."""
    if not _settings:
        raise RuntimeError("the plugin is not configured")
    path = os.path.join(_settings["folder"], name + ".csv")
    try:
        with open(path, "rb") as f:
            data = f.read()
    except OSError as error:
        raise Refused("UNAVAILABLE", "%s cannot be read: %s" % (name + ".csv", error.strerror)) from error
    body, _, last = data.rstrip(b"\r\n").rpartition(b"\n")
    mark = last.decode("utf-8", "replace").strip().split(",")
    if mark[0] != "#rows" or len(mark) < 2:
        raise Refused("UNAVAILABLE", "%s.csv is cut off: its last line is not \"#rows,N\"" % name)
    try:
        found = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused("UNAVAILABLE", "%s.csv is not well-formed CSV in UTF-8" % name) from error
    if str(len(found)) != mark[1]:
        raise Refused("UNAVAILABLE", "%s.csv has %d rows and says that it has %s" % (name, len(found), mark[1]))
    if _settings.get("seal") and mark[2:] != [hashlib.sha256(_settings["seal"].encode() + body).hexdigest()]:
        raise Refused("AUTHENTICATION", "the seal of %s.csv is not the one that this key makes" % name)
    needed = {"people": "id", "groups": "id", "members": "group_id"}[name]
    if any(not row.get(needed) for row in found):
        raise Refused("INVALID", "%s.csv has a row without %s" % (name, needed))
    return found


def fill_user(user, row):
    for name in PEOPLE[:-1]:
        setattr(user, name, row.get(name) or "")
    user.active = (row.get("active") or "").lower() in ("1", "true", "yes")
    for name in sorted(k for k in row if k and k not in PEOPLE):  # sorted: the same record has the same bytes
        if row[name]:
            user.attributes.add(name=name, values=row[name].split("|"))


def fill_group(group, row):
    group.id, group.name, group.description = row["id"], row.get("name") or "", row.get("description") or ""


# Reads -------------------------------------------------------------------------------

def read(request, response, parts):
    """Sends the parts, pages of one record or less, as larger pages. Only a read that ends here is complete."""
    if request.cursor.delta:
        yield response(reset={"reason": "the export has no change feed"})
        return
    start, mark = 0, hashlib.sha256(b"".join(part.SerializeToString() for part in parts)).hexdigest()
    if request.cursor.resume:
        before, _, position = request.cursor.resume.decode("ascii", "replace").partition(":")
        if before != mark or not position.isdigit() or int(position) > len(parts):
            yield response(reset={"reason": "the export was written anew since"})
            return
        start = int(position)
    limit = min(request.page_size or PAGE_RECORDS, PAGE_RECORDS)
    message, held, count = response(), 0, 0
    for at in range(start, len(parts)):
        if held and (held == limit or message.page.ByteSize() + parts[at].ByteSize() > PAGE_BYTES):
            yield message
            yield response(checkpoint={"resume": ("%s:%d" % (mark, at)).encode()})
            message, held = response(), 0
        message.page.MergeFrom(parts[at])
        held += 1
        count += len(parts[at].users if hasattr(parts[at], "users") else parts[at].groups)
    if held:
        yield message
    yield response(complete={"count": count})


def read_users(request, context):
    try:
        parts = []
        for row in rows("people"):
            parts.append(c.ReadUsersResponse().page)
            fill_user(parts[-1].users.add(), row)
    except Refused as refused:
        yield c.ReadUsersResponse(failure=refused.failure)
        return
    yield from read(request, c.ReadUsersResponse, parts)


def read_groups(request, context):
    try:
        parts = group_parts(rows("groups"), rows("members"))
    except Refused as refused:
        yield c.ReadGroupsResponse(failure=refused.failure)
        return
    yield from read(request, c.ReadGroupsResponse, parts)


def group_parts(groups, members):
    """Every group, followed by its members in portions: a group may be larger than a page."""
    of = {row["id"]: [] for row in groups}
    for row in members:
        if row["group_id"] not in of:
            raise Refused("INVALID", "members.csv names a group that groups.csv has not: %s" % row["group_id"])
        of[row["group_id"]].append(row)
    parts = []
    for row in groups:
        parts.append(c.ReadGroupsResponse().page)
        fill_group(parts[-1].groups.add(), row)
        mine = of[row["id"]]
        for at in range(0, len(mine), PORTION):
            parts.append(c.ReadGroupsResponse().page)
            portion = parts[-1].members.add(group_id=row["id"])
            portion.user_ids.extend(m["user_id"] for m in mine[at:at + PORTION] if m.get("user_id"))
            portion.child_group_ids.extend(m["child_group_id"] for m in mine[at:at + PORTION] if m.get("child_group_id"))
    return parts


def lookup(request, context):
    try:
        return look(request)
    except Refused as refused:
        return c.LookupResponse(failure=refused.failure)


def look(request):
    answer = c.LookupResponse()
    groups = {row["id"]: row for row in rows("groups")}
    if request.WhichOneof("by") == "group_id":
        if request.group_id in groups:
            fill_group(answer.found.groups.add(), groups[request.group_id])
            return answer
    else:
        name = request.WhichOneof("by")
        wanted = getattr(request, name) if name else ""
        for row in rows("people"):
            have = row.get(name or "id") or ""
            if wanted and (have == wanted if name == "id" else have.casefold() == wanted.casefold()):
                fill_user(answer.found.user, row)
                for member in rows("members"):
                    if member.get("user_id") == row["id"] and member["group_id"] in groups:
                        fill_group(answer.found.groups.add(), groups[member["group_id"]])
                return answer
    answer.failure.reason = c.Failure.REASON_NOT_FOUND
    answer.failure.message = "the export has no such record"
    return answer


def methods():
    """The contract's methods by their full names."""
    plugin, src = "/gateway.plugin.v1.PluginService/", "/gateway.plugin.v1.SourceService/"
    return {
        plugin + "Describe": unary(describe, c.DescribeRequest),
        plugin + "Configure": unary(configure, c.ConfigureRequest),
        plugin + "Check": stream(check, c.CheckRequest),
        src + "ReadUsers": stream(read_users, c.ReadUsersRequest),
        src + "ReadGroups": stream(read_groups, c.ReadGroupsRequest),
        src + "Lookup": unary(lookup, c.LookupRequest),
    }
