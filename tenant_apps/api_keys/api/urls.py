from django.urls import path

from tenant_apps.api_keys.api import views

urlpatterns = [
    path("api-keys", views.ApiKeysView.as_view()),
    path("api-keys/current", views.CurrentApiKeyView.as_view()),
    path("api-keys/<uuid:key_id>", views.ApiKeyView.as_view()),
    path("api-keys/<uuid:key_id>/changes", views.ApiKeyChangesView.as_view()),
    path("api-keys/<uuid:key_id>/rotate", views.RotationView.as_view()),
    path("api-keys/<uuid:key_id>/revoke", views.RevocationView.as_view()),
]
