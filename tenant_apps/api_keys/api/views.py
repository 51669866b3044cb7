from datetime import timedelta
from uuid import UUID

from platform_shared.kit import clock
from platform_shared.kit.access import Open, Permission
from platform_shared.kit.errors import Forbidden
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.api_keys import selectors, services
from tenant_apps.api_keys.api import serializers
from tenant_apps.api_keys.errors import ApiKeyEnded
from tenant_apps.api_keys.models import ApiKey


def _issued(key: ApiKey, text: str) -> Response:
    answer = serializers.IssuedApiKeySerializer(key, context={"text": text})
    return Response(answer.data, status=201)


def _refuse_support(view: ApiView) -> None:
    """A support session ends by its time, and a key that it could make would not."""
    if view.caller.support:
        raise Forbidden("A support session makes no keys.")


class ApiKeysView(ApiView):
    access = {"GET": Permission.API_KEYS_MANAGE, "POST": Permission.API_KEYS_MANAGE}
    honours_idempotency_key = False  # its answer is a secret, which is kept nowhere

    @operation("listApiKeys", "API keys", answers=serializers.ApiKeySerializer(many=True))
    def get(self, request: Request) -> Response:
        """The club's keys, those that are over too; never their texts."""
        return self.page(selectors.list_keys(), serializers.ApiKeySerializer)

    @operation(
        "createApiKey",
        "API keys",
        body=serializers.NewApiKeySerializer,
        answers={201: serializers.IssuedApiKeySerializer},
    )
    def post(self, request: Request) -> Response:
        """A new key; its text is in this answer and nowhere else. Not in a support session."""
        _refuse_support(self)
        data = self.valid(serializers.NewApiKeySerializer)
        return _issued(
            *services.create_key(
                **data,
                granted=self.caller.permissions,
                now=clock.now(),
                actor=self.caller.actor,
            )
        )


class CurrentApiKeyView(ApiView):
    access = {"GET": Open.API_KEY}

    @operation("getCurrentApiKey", "API keys", answers=serializers.CurrentApiKeySerializer)
    def get(self, request: Request) -> Response:
        """The key that the request itself has come with."""
        return self.one(self.caller, serializers.CurrentApiKeySerializer)


class ApiKeyView(ApiView):
    access = {"GET": Permission.API_KEYS_MANAGE, "PATCH": Permission.API_KEYS_MANAGE}
    tagged_as = serializers.ApiKeySerializer

    @operation("getApiKey", "API keys", answers=serializers.ApiKeySerializer)
    def get(self, request: Request, key_id: UUID) -> Response:
        """One key."""
        return self.one(selectors.get_key(key_id), serializers.ApiKeySerializer)

    @operation(
        "renameApiKey",
        "API keys",
        body=serializers.RenameApiKeySerializer,
        answers=serializers.ApiKeySerializer,
    )
    def patch(self, request: Request, key_id: UUID) -> Response:
        """Another name; what the key writes from now on is marked with it."""
        data = self.valid(serializers.RenameApiKeySerializer)
        key = services.rename_key(
            key_id=key_id,
            **data,
            now=clock.now(),
            actor=self.caller.actor,
            precondition=self.precondition,
        )
        return Response(serializers.ApiKeySerializer(key).data)


class ApiKeyChangesView(ApiView):
    access = {"GET": Permission.API_KEYS_MANAGE}

    @operation(
        "listApiKeyChanges",
        "API keys",
        answers=serializers.ApiKeyChangeSerializer(many=True),
    )
    def get(self, request: Request, key_id: UUID) -> Response:
        """What was done to the key, and by whom."""
        return self.page(selectors.list_changes(key_id), serializers.ApiKeyChangeSerializer)


class RotationView(ApiView):
    access = {"POST": Permission.API_KEYS_MANAGE}
    honours_idempotency_key = False  # its answer is a secret, which is kept nowhere

    @operation(
        "rotateApiKey",
        "API keys",
        body=serializers.RotateApiKeySerializer,
        answers={201: serializers.IssuedApiKeySerializer},
        errors=(ApiKeyEnded,),
    )
    def post(self, request: Request, key_id: UUID) -> Response:
        """A new text for the key; the former one opens for a while. Not in a support session."""
        _refuse_support(self)
        data = self.valid(serializers.RotateApiKeySerializer)
        return _issued(
            *services.rotate_key(
                key_id=key_id,
                overlap=timedelta(minutes=data["overlap_minutes"]),
                now=clock.now(),
                actor=self.caller.actor,
            )
        )


class RevocationView(ApiView):
    access = {"POST": Permission.API_KEYS_MANAGE}

    @operation("revokeApiKey", "API keys", answers=serializers.ApiKeySerializer)
    def post(self, request: Request, key_id: UUID) -> Response:
        """The end of a key: it opens nothing any more."""
        key = services.revoke_key(key_id=key_id, now=clock.now(), actor=self.caller.actor)
        return Response(serializers.ApiKeySerializer(key).data)
