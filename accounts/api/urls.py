"""Addresses of the accounts app."""

from django.urls import path

from accounts.api import invitations, people, projects, server_keys
from flagsite.lib import paths  # noqa: F401 - for its converter

urlpatterns = [
    path("projects", projects.ProjectListView.as_view()),
    path("projects/<key:project>", projects.ProjectView.as_view()),
    path("server-keys", server_keys.ServerKeyListView.as_view()),
    path("server-keys/<key:server_key>", server_keys.ServerKeyView.as_view()),
    path("server-keys/<key:server_key>/rotate", server_keys.RotateServerKeyView.as_view()),
    path("server-keys/<key:server_key>/revoke", server_keys.RevokeServerKeyView.as_view()),
    path("people", people.PersonListView.as_view()),
    path("people/<key:person>/role", people.PersonRoleView.as_view()),
    path("invitations", invitations.InvitationListView.as_view()),
    path("invitations/<int:invitation>/renew", invitations.RenewInvitationView.as_view()),
    path("invitations/<int:invitation>/withdraw", invitations.WithdrawInvitationView.as_view()),
]
