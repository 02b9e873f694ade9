"""Django's settings of how people sign in: passwords, lock-outs, sessions.

`flagsite.settings` takes all of these names over.
"""

from datetime import timedelta

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
AXES_FAILURE_LIMIT = 5
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
