"""Django's settings of how people come in: passwords, lock-outs, second factor, invitations, OpenID Connect.

`flagsite.settings` takes all of these names over.
"""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from accounts.claims import roles_of_values
from flagsite import env

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: who is locked out is refused before the password is looked at
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ANONYMOUS_USER_NAME = None  # guardian: no user row that stands for nobody
GUARDIAN_MONKEY_PATCH_USER = False

# --- who fails too often -------------------------------------------------------------------------------------------

# Failed sign-ins are counted by name and address together: nobody can lock out a person who sits elsewhere.
SIGN_IN_LOCK_MINUTES = 15  # failures that are older do not count either
AXES_HANDLER = "accounts.lock_outs.ByNameAndByAddress"
AXES_FAILURE_LIMIT = 5
SIGN_IN_ADDRESS_LIMIT = env.integer("SIGN_IN_ADDRESS_LIMIT", default=50)  # whatever the names; 0: none
AXES_COOLOFF_TIME = timedelta(minutes=SIGN_IN_LOCK_MINUTES)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the page has said when it ends
AXES_CLIENT_IP_CALLABLE = "flagsite.lib.client_address.address_of"
AXES_USERNAME_CALLABLE = "accounts.sign_ins.name_tried"
AXES_LOCKOUT_CALLABLE = "accounts.admin.lock_outs.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True  # who came and went stands in the audit log
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- second factor -------------------------------------------------------------------------------------------------

REQUIRE_SECOND_FACTOR = env.boolean("REQUIRE_SECOND_FACTOR", default=False)
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"  # whoever invites or creates a person vouches for the address
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # never asked: nobody signs up; allauth's checks want it whole
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds for which a proof counts when a factor is set up or removed
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Flagsite"
MFA_TOTP_TOLERANCE = 1  # clocks of phones are not exact: the code before and the one after are right too
MFA_ALLOW_UNVERIFIED_EMAIL = True

# --- invitations, and the e-mail that carries them -----------------------------------------------------------------

INVITATION_DAYS = env.integer("INVITATION_DAYS", default=7, least=1)
EMAIL_HOST = env.text("EMAIL_HOST")  # none: links are handed over by whoever invites
EMAIL_PORT = env.integer("EMAIL_PORT", default=587, least=1)
EMAIL_HOST_USER = env.text("EMAIL_USER")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_PASSWORD")
EMAIL_USE_TLS = env.boolean("EMAIL_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "flagsite@localhost")

# --- OpenID Connect ------------------------------------------------------------------------------------------------

OIDC_ISSUER = env.issuer("OIDC_ISSUER")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.secret("OIDC_CLIENT_SECRET")
OIDC_NAME = env.text("OIDC_NAME", "OpenID Connect")
OIDC_CREATE_PEOPLE = env.boolean("OIDC_CREATE_PEOPLE", default=False)
OIDC_ROLES_CLAIM = env.text("OIDC_ROLES_CLAIM", "groups")
OIDC_ROLES = roles_of_values(env.listing("OIDC_ROLES"))
if OIDC_ISSUER and not OIDC_CLIENT_ID:
    raise ImproperlyConfigured("OIDC_CLIENT_ID is missing: OIDC_ISSUER is set")
SOCIALACCOUNT_ADAPTER = "accounts.admin.openid_connect.Arrivals"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form's target may not lead elsewhere (form-action); where it is asked is checked
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}
