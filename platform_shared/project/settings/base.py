"""Settings common to every environment; values that differ come from ``project.env``."""

from datetime import timedelta

from platform_shared.project.env import load

ENV = load()

SECRET_KEY = ENV.secret_key
DEBUG = False  # Debug pages are HTML with internals; every error here is a problem document.
ALLOWED_HOSTS = ["*"]  # Host routing refuses every host that is no club's and not the platform's.
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
STATIC_URL = "/api/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

BASE_DOMAIN = ENV.base_domain
PLATFORM_HOSTS = ENV.platform_hosts
EXTERNAL_SCHEME = ENV.external_scheme
EXTERNAL_PORT = ENV.external_port
REDIS_URL = ENV.redis_url
TRUSTED_PROXIES = ENV.trusted_proxies
# Where everybody has one address, what is counted by address or club has to be more.
THROTTLE_SHARED_FACTOR = 1
MASTER_KEYS = ENV.master_keys
METRICS_FOLDER = ENV.metrics_folder
METRICS_PORT = ENV.metrics_port
TRACES_ENDPOINT = ENV.traces_endpoint

# --- tenancy ---------------------------------------------------------------------------------
SHARED_APPS = [
    "django_tenants",
    "platform_shared.tenancy",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "platform_shared.plans",
    "platform_shared.clubs",
    "platform_shared.accounts",
    "platform_shared.due_work",
    "platform_shared.outbox",
    "platform_shared.mail",
    "platform_shared.idempotency",
    "platform_shared.documents",
    "platform_shared.observability",
]
# Low to high: an app may call those above it in this list, never those below.
TENANT_APPS = [
    "platform_shared.accounts",
    "platform_shared.idempotency",
    "tenant_apps.api_keys",
    "tenant_apps.locations",
    "tenant_apps.customers",
    "tenant_apps.packages",
    "tenant_apps.subscriptions",
    "tenant_apps.qr_codes",
    "tenant_apps.invoices",
    "tenant_apps.payments",
    "tenant_apps.checkins",
    "tenant_apps.sales",
    "tenant_apps.registrations",
    "tenant_apps.me",
    "tenant_apps.reports",
]
INSTALLED_APPS = [*SHARED_APPS, *(app for app in TENANT_APPS if app not in SHARED_APPS)]
TENANT_MODEL = "clubs.Club"
TENANT_DOMAIN_MODEL = "clubs.Host"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DATABASES = {
    "default": {
        "ENGINE": "platform_shared.tenancy.postgres",
        **ENV.database,
        # What asks to be prepared is, at once (tenancy.pipeline); nothing else is.
        "OPTIONS": {"prepare_threshold": 0, **ENV.database["OPTIONS"]},
        # A thread keeps its connection: opening one with SCRAM costs more than a scan.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,  # The wrapper looks at the socket instead: no round trip.
    }
}
# What PostgreSQL allows a statement of the web process. Commands and tasks have no such limits:
# migrations and backfills take their time, and a task has CELERY_TASK_TIME_LIMIT.
WEB_LIMITS = {"statement_timeout": "20s", "lock_timeout": "10s"}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ENV.redis_url,
        "KEY_FUNCTION": "platform_shared.tenancy.cache.make_key",
    }
}
STORAGES = {
    "default": {
        "BACKEND": "platform_shared.tenancy.files.ClubFileStorage",
        "OPTIONS": {"location": str(ENV.files_root)},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- web -------------------------------------------------------------------------------------
ROOT_URLCONF = "platform_shared.project.urls_platform"
PUBLIC_SCHEMA_URLCONF = ROOT_URLCONF
CLUB_URLCONF = "platform_shared.project.urls_club"
WSGI_APPLICATION = "platform_shared.project.wsgi.application"
MIDDLEWARE = [
    "platform_shared.kit.middleware.RequestContextMiddleware",
    "platform_shared.kit.middleware.KnownLengthMiddleware",
    "platform_shared.tenancy.middleware.HealthMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "platform_shared.kit.compression.CompressionMiddleware",
    "platform_shared.tenancy.middleware.HostMiddleware",
    "corsheaders.middleware.CorsMiddleware",
]
WHITENOISE_USE_FINDERS = True  # The only static files are the two API browsers' own.
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Of which sites' pages the API may be called, ``tenancy/cors.py`` says. Without credentials mode:
# tokens are sent by hand, so no browser adds anything that a foreign page could make use of.
PLATFORM_ORIGINS = ENV.platform_origins
CORS_URLS_REGEX = r"^/(api|\.well-known)/"
CORS_ALLOW_METHODS = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "Content-Disposition",
    "Deprecation",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Sunset",
    "X-Request-Id",
]
CORS_PREFLIGHT_MAX_AGE = 7200  # seconds; browsers keep no answer for longer
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
]

# --- accounts --------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
JWT_KEYS = ENV.jwt_keys
JWT_ISSUER = f"https://platform.{ENV.base_domain}"
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
    "ALGORITHM": "EdDSA",
    "USER_ID_CLAIM": "sub",
}

# --- mail ------------------------------------------------------------------------------------
MAILERS = {"default": ENV.mailer}
DEFAULT_FROM_EMAIL = ENV.mail_from

# --- API -------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenant_apps.api_keys.authentication.ApiKeyAuthentication",
        "platform_shared.accounts.authentication.Authentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "platform_shared.clubs.api.guards.ClubServes",
        "platform_shared.kit.access.DeclaredPermission",
        "platform_shared.clubs.api.guards.SupportIsRecorded",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["platform_shared.tenancy.throttling.DeclaredThrottles"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "platform_shared.kit.negotiation.OnlyForm",
    "DEFAULT_PARSER_CLASSES": ["platform_shared.kit.parsers.BoundedJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "platform_shared.kit.openapi.OperationSchema",
    "EXCEPTION_HANDLER": "platform_shared.kit.problem.exception_handler",
    "UNAUTHENTICATED_USER": "platform_shared.kit.principal.Anonymous",
    "URL_FORMAT_OVERRIDE": None,  # `?format=` belongs to the QR images
}
SPECTACULAR_SETTINGS = {
    "TITLE": "QR Check-in",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "DEFAULT_GENERATOR_CLASS": "platform_shared.documents.generator.Generator",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "platform_shared.kit.openapi_names.readable_names",
        "platform_shared.documents.hooks.describe",
        "platform_shared.documents.hooks.add_examples",
    ],
    "SERVE_PUBLIC": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "GET_LIB_DOC_EXCLUDES": "platform_shared.kit.openapi.undocumented_bases",
    "APPEND_COMPONENTS": {
        "headers": {  # of every 429: draft-ietf-httpapi-ratelimit-headers
            "Retry-After": {
                "description": "Seconds until one more is allowed.",
                "schema": {"type": "integer"},
            },
            "RateLimit-Policy": {
                "description": 'The limit: `"name";q=quota;w=seconds`.',
                "schema": {"type": "string"},
            },
            "RateLimit": {
                "description": 'What is left of it: `"name";r=remaining;t=seconds`.',
                "schema": {"type": "string"},
            },
        }
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "Role": "platform_shared.accounts.enums.RoleChoices",
        "ApiKeyPermission": "tenant_apps.api_keys.enums.PERMISSION_CHOICES",
        "ApiKeyAction": "tenant_apps.api_keys.enums.KeyAction",
        "SubscriptionAction": "tenant_apps.subscriptions.enums.Action",
        "StaffRole": "platform_shared.accounts.enums.StaffRole",
        "ClubStatus": "platform_shared.clubs.enums.ClubStatus",
        "ClubStatusChange": "platform_shared.clubs.enums.ClubStatusChange",
        "SubscriptionStatus": "tenant_apps.subscriptions.enums.SubscriptionStatus",
        "CreditEntryKind": "tenant_apps.subscriptions.enums.EntryKind",
        "InvoiceStatus": "tenant_apps.invoices.enums.InvoiceStatus",
        "PaymentStatus": "tenant_apps.payments.enums.PaymentStatus",
        "PackageType": "tenant_apps.packages.enums.PackageType",
        "ScanKind": "tenant_apps.checkins.enums.Kind",
        "CheckInMethod": "tenant_apps.checkins.enums.Method",
        "ImportStatus": "tenant_apps.customers.enums.ImportStatus",
        "RowFate": "tenant_apps.customers.enums.RowFate",
        "PaymentMethod": "tenant_apps.payments.enums.PaymentMethod",
        "ScanResult": "tenant_apps.checkins.enums.Result",
        "ScanReason": "tenant_apps.checkins.enums.Reason",
        "FeedEventType": "tenant_apps.checkins.enums.EventType",
        "RuleOutcome": "tenant_apps.checkins.explanation.Outcome",
        "DurationUnit": "tenant_apps.packages.enums.DurationUnit",
        "PackagePurpose": "tenant_apps.packages.enums.Purpose",
        "Renewal": "tenant_apps.packages.enums.Renewal",
        "ValidFrom": "tenant_apps.packages.enums.ValidFrom",
        "QRCodeKind": "tenant_apps.qr_codes.enums.CodeKind",
        "CardPaper": "tenant_apps.qr_codes.enums.Paper",
        "ImageFormat": "tenant_apps.qr_codes.api.views.RENDERERS",
    },
}

# --- background ------------------------------------------------------------------------------
VISIBILITY_TIMEOUT = 3600  # seconds; a task must be done, or be safe to run again, by then
CELERY_BROKER_URL = ENV.redis_url
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 900
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": VISIBILITY_TIMEOUT}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": VISIBILITY_TIMEOUT}
CELERY_VISIBILITY_TIMEOUT = VISIBILITY_TIMEOUT
DUE_WORK_EVERY_SECONDS = 5.0
OUTBOX_EVERY_SECONDS = 2.0
ANSWERS_EVERY_SECONDS = 3600.0
CELERY_BEAT_SCHEDULE = {
    "dispatch-due-work": {
        "task": "due_work.dispatch",
        "schedule": DUE_WORK_EVERY_SECONDS,
        "options": {"expires": DUE_WORK_EVERY_SECONDS},
    },
    "relay-outbox": {
        "task": "outbox.relay",
        "schedule": OUTBOX_EVERY_SECONDS,
        "options": {"expires": OUTBOX_EVERY_SECONDS},
    },
    "forget-answers-at-platform": {
        "task": "idempotency.forget_expired",
        "schedule": ANSWERS_EVERY_SECONDS,
        "options": {"expires": ANSWERS_EVERY_SECONDS},
    },
}

# --- logging ---------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "platform_shared.kit.logs.ContextFilter"}},
    "formatters": {"json": {"()": "platform_shared.kit.logs.JsonFormatter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["context"],
            "formatter": "json",
        }
    },
    "root": {"handlers": ["stderr"], "level": ENV.log_level},
    "loggers": {
        # Each request is logged once, by RequestContextMiddleware.
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},  # tells of every table of every font it cuts down
    },
}
