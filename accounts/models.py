"""People, projects, environments, keys and invitations: tables, constraints, and questions about one row."""

import secrets
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from accounts.credentials import Kind
from accounts.roles import IN_WORDS, Ability, Role
from flagsite.lib.keys import MAX_KEY, validate_key


class User(AbstractUser):
    """A person. What they may do in a project is a role there; a superuser may do everything everywhere."""

    class Meta(AbstractUser.Meta):
        verbose_name = "person"
        verbose_name_plural = "people"


def new_salt() -> str:
    """Return 128 random bits as text."""
    return secrets.token_hex(16)


class Project(models.Model):
    """What roles are granted on; it owns environments, flags and segments.

    `recorded_attributes` are the paths of the attributes that may be kept of contexts; all others are never stored.
    With `hash_context_ids` the ids are kept only as hashes keyed by `context_salt`, which leaves the database nowhere.
    """

    key = models.CharField(max_length=MAX_KEY, validators=[validate_key], unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    recorded_attributes = models.JSONField(default=list, blank=True)
    hash_context_ids = models.BooleanField("hash the ids", default=False)
    context_salt = models.CharField(max_length=32, default=new_salt, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["key"]
        permissions: ClassVar = [(Ability.EDIT.value, f"May {IN_WORDS[Ability.EDIT]}")]

    def __str__(self) -> str:
        return self.name


class ProjectUserPermission(UserObjectPermissionBase):
    """One ability of one person in one project, by direct foreign key (guardian's generic one is slower)."""

    content_object = models.ForeignKey(Project, on_delete=models.CASCADE)


class ProjectGroupPermission(GroupObjectPermissionBase):
    """One ability of a group of people in one project."""

    content_object = models.ForeignKey(Project, on_delete=models.CASCADE)


class Environment(models.Model):
    """Where flags have their state: development, staging, production and the like.

    `revision` is the number of the newest revision of its configuration. Whoever changes the configuration locks
    this row first, so that revisions are numbered without gaps.

    In a protected one every change needs a comment; where approval is required, also a second person who has approved
    exactly this change (flags/publishing/clearances.py).
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="environments")
    key = models.CharField(max_length=MAX_KEY, validators=[validate_key])
    name = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField(default=0)
    is_protected = models.BooleanField(
        "protected", default=False, help_text="Every change needs a comment that says why."
    )
    requires_approval = models.BooleanField(
        default=False, help_text="Somebody else must approve exactly the change that is published."
    )
    revision = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["project", "position", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "key"], name="environment_key_unique_in_project"),
        ]

    def __str__(self) -> str:
        return f"{self.project} / {self.name}"


class Key(models.Model):
    """What both kinds of key have in common. The secret itself is never stored."""

    kind: ClassVar[Kind]

    id = models.CharField(primary_key=True, max_length=12, editable=False)
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"fs_{self.kind}_{self.id}_… ({self.name})"

    def in_force(self, now: datetime) -> bool:
        """Tell whether the key opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class ServerKey(Key):
    """An SDK's key: it reaches one environment and nothing else."""

    kind = Kind.SERVER
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="server_keys")


class ApiToken(Key):
    """A management token: it acts for a person, with that person's roles."""

    kind = Kind.API
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")

    class Meta(Key.Meta):
        verbose_name = "API token"
        verbose_name_plural = "API tokens"


class Invitation(models.Model):
    """Somebody who is asked to come, by an address and a link that works once. The link itself is not stored.

    `nonce` is what the signed link has to carry: a new one makes every older link useless.
    """

    email = models.EmailField("e-mail address")
    nonce = models.CharField(max_length=32, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations_made")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="invitations_accepted")
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.email

    def is_open(self, now: datetime) -> bool:
        """Tell whether it can be accepted at `now`."""
        return self.accepted_at is None and self.withdrawn_at is None and now < self.expires_at


class InvitedRole(models.Model):
    """The role that an invitation gives in one project."""

    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="roles")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invited_roles")
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])

    class Meta:
        ordering: ClassVar = ["project__key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invitation", "project"], name="one_role_per_invitation_and_project"),
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.role}"
