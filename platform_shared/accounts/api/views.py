"""Signing in and out, who am I, and the accounts that run a club or the platform."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.serializers import BaseSerializer

from platform_shared.accounts import keys, selectors, services, throttles
from platform_shared.accounts.api import serializers
from platform_shared.accounts.api.filters import AccountFilter, StaffFilter
from platform_shared.accounts.enums import CLUB_ROLES
from platform_shared.accounts.errors import (
    AccountInactive,
    EmailTaken,
    InvalidCredentials,
    InvalidPasswordLink,
    InvalidToken,
    LastAdmin,
    SupportSessionRequired,
)
from platform_shared.clubs.api.serializers import (
    NewSupportSessionSerializer,
    SupportSessionSerializer,
)
from platform_shared.clubs.errors import ClubNotActive
from platform_shared.kit import clock
from platform_shared.kit.access import Open, Permission, Role
from platform_shared.kit.errors import NotFound
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from platform_shared.plans.errors import PlanLimitReached
from platform_shared.tenancy import binding, throttling
from platform_shared.tenancy.club_ref import ClubRef

TOKEN = OpenApiParameter(
    "token", OpenApiTypes.STR, required=True, description="What the link carries."
)


class PublicView(ApiView):
    """A view that needs no token, and ignores one that is sent."""

    authentication_classes = ()
    allowed_when_suspended = True
    has_secrets = True


class TokenView(PublicView):
    access = {"POST": Open.PUBLIC}
    throttles = throttles.SIGN_IN

    @operation(
        "signIn",
        "Authentication",
        body=serializers.CredentialsSerializer,
        answers=serializers.SignedInSerializer,
        errors=(InvalidCredentials,),
    )
    def post(self, request: Request) -> Response:
        data = self.valid(serializers.CredentialsSerializer)
        barred = self.tally is not None and self.tally.barred
        signed_in = services.sign_in(**data, barred=barred, now=clock.now())
        return Response(serializers.SignedInSerializer(signed_in).data)


class RefreshView(PublicView):
    access = {"POST": Open.PUBLIC}
    throttles = throttles.REFRESH_TOKENS

    @operation(
        "refreshToken",
        "Authentication",
        body=serializers.RefreshSerializer,
        answers=serializers.TokensSerializer,
        errors=(InvalidToken,),
        club_errors=(SupportSessionRequired,),
    )
    def post(self, request: Request) -> Response:
        data = self.valid(serializers.RefreshSerializer)
        signed_in = services.refresh(raw=data["refresh"], now=clock.now())
        return Response(serializers.TokensSerializer(signed_in).data)


class LogoutView(PublicView):
    access = {"POST": Open.PUBLIC}
    throttles = throttles.REFRESH_TOKENS

    @operation(
        "signOut",
        "Authentication",
        body=serializers.RefreshSerializer,
        answers={204: None},
        errors=(InvalidToken,),
        club_errors=(SupportSessionRequired,),
    )
    def post(self, request: Request) -> Response:
        data = self.valid(serializers.RefreshSerializer)
        services.sign_out(raw=data["refresh"], now=clock.now())
        return Response(status=204)


class PasswordView(PublicView):
    """Where a one-time link leads."""

    access = {"GET": Open.PUBLIC, "POST": Open.PUBLIC}
    throttles = throttles.PASSWORD_LINKS

    @operation(
        "getPasswordLink",
        "Authentication",
        parameters=[TOKEN],
        answers=serializers.PasswordLinkSerializer,
        errors=(InvalidPasswordLink,),
    )
    def get(self, request: Request) -> Response:
        secret = request.query_params.get("token", "")
        link = services.get_password_link(secret=secret, now=clock.now())
        answer = {"email": link.user.email, "expires_at": link.expires_at}
        return Response(serializers.PasswordLinkSerializer(answer).data)

    @operation(
        "setPassword",
        "Authentication",
        body=serializers.SetPasswordSerializer,
        answers={204: None},
        errors=(InvalidPasswordLink,),
    )
    def post(self, request: Request) -> Response:
        data = self.valid(serializers.SetPasswordSerializer)
        user = services.set_password_by_link(
            secret=data["token"], password=data["password"], now=clock.now()
        )
        throttling.welcome(throttles.SIGN_IN, request, user.email)
        return Response(status=204)


class PasswordLinksView(PublicView):
    """Where one asks who has forgotten their password."""

    access = {"POST": Open.PUBLIC}
    throttles = throttles.MAIL

    @operation(
        "askForPasswordLink",
        "Authentication",
        body=serializers.AskedPasswordLinkSerializer,
        answers={204: None},
    )
    def post(self, request: Request) -> Response:
        data = self.valid(serializers.AskedPasswordLinkSerializer)
        services.ask_for_password_link(**data, now=clock.now())
        return Response(status=204)


class MeView(ApiView):
    access = {"GET": Permission.OWN_VIEW}
    allowed_when_suspended = True

    @operation("getMe", "Me", answers=serializers.MeSerializer)
    def get(self, request: Request) -> Response:
        """Who the token is for, what they may do here, and in which club."""
        bound, caller = binding.current(), self.account
        answer = {
            "id": caller.user_id,
            "email": caller.email,
            "name": caller.name,
            "role": caller.role,
            "permissions": sorted(caller.permissions),
            "support": caller.support,
            "club": bound if isinstance(bound, ClubRef) else None,
        }
        return self.one(answer, serializers.MeSerializer)


class MyPasswordView(ApiView):
    access = {"POST": Permission.OWN_CHANGE}
    throttles = throttles.OWN_PASSWORD
    allowed_when_suspended = True

    @operation(
        "changeMyPassword",
        "Me",
        body=serializers.ChangePasswordSerializer,
        answers={204: None},
        club_errors=(NotFound,),  # support has no password here
    )
    def post(self, request: Request) -> Response:
        """Every other session of the account ends."""
        data = self.valid(serializers.ChangePasswordSerializer)
        services.change_password(
            user_id=self.account.user_id,
            session_id=self.account.session_id,
            current=data["current_password"],
            new=data["new_password"],
            now=clock.now(),
        )
        return Response(status=204)


JWKS_SECONDS = 300


class JwksView(PublicView):
    """The public keys that verify our tokens (RFC 7517)."""

    access = {"GET": Open.PUBLIC}
    schema = None  # a well-known document, not an operation

    def get(self, request: Request) -> Response:
        known = {"keys": [key.jwk for key in keys.all_keys().values()]}
        return Response(known, headers={"Cache-Control": f"public, max-age={JWKS_SECONDS}"})


class SupportSessionsView(ApiView):
    access = {"POST": Permission.CLUBS_SUPPORT}
    honours_idempotency_key = False  # signs in: the answer is a token, which nobody keeps

    @operation(
        "openSupportSession",
        "Clubs",
        body=NewSupportSessionSerializer,
        answers={201: SupportSessionSerializer},
        errors=(ClubNotActive,),
    )
    def post(self, request: Request, club_id: UUID) -> Response:
        """A token for one club, for some minutes. What it writes is recorded as support's."""
        data = self.valid(NewSupportSessionSerializer)
        access, expires_at = services.open_support_session(
            club_id=club_id, admin=self.account, **data, now=clock.now()
        )
        answer = {"access": access, "expires_at": expires_at}
        return Response(SupportSessionSerializer(answer).data, status=201)


class AccountsView(ApiView):
    """The list of accounts of some roles; a subclass says which, and what a new one needs."""

    access = {"GET": Permission.USERS_MANAGE, "POST": Permission.USERS_MANAGE}
    queryset = selectors.list_users()
    filterset_class: Any = AccountFilter
    orderings = (selectors.BY_EMAIL,)
    roles: ClassVar[tuple[Role, ...]]
    new_serializer: ClassVar[type[BaseSerializer[Any]]]

    def get(self, request: Request) -> Response:
        return self.page(selectors.list_users(*self.roles), serializers.AccountSerializer)

    def post(self, request: Request) -> Response:
        data = {"role": self.roles[0], **self.valid(self.new_serializer)}
        user, link = services.create_user(**{**data, "role": Role(data["role"])}, now=clock.now())
        answer = serializers.CreatedAccountSerializer(user, context={"password_link": link})
        return Response(answer.data, status=201)


class AccountView(ApiView):
    """One such account."""

    access = {"GET": Permission.USERS_MANAGE, "PATCH": Permission.USERS_MANAGE}
    tagged_as = serializers.AccountSerializer
    roles: ClassVar[tuple[Role, ...]]
    change_serializer: ClassVar[type[BaseSerializer[Any]]]

    def get(self, request: Request, user_id: UUID) -> Response:
        user = selectors.get_user(user_id, *self.roles)
        return self.one(user, serializers.AccountSerializer)

    def patch(self, request: Request, user_id: UUID) -> Response:
        changes = self.valid(self.change_serializer)
        user = services.change_user(
            user_id=user_id,
            roles=self.roles,
            changes=changes,
            now=clock.now(),
            precondition=self.precondition,
        )
        return Response(serializers.AccountSerializer(user).data)


class PasswordLinkView(ApiView):
    """A fresh link for one such account, whose link or password is lost."""

    access = {"POST": Permission.USERS_MANAGE}
    roles: ClassVar[tuple[Role, ...]]

    def post(self, request: Request, user_id: UUID) -> Response:
        link = services.renew_password_link(user_id=user_id, roles=self.roles, now=clock.now())
        answer = serializers.IssuedPasswordLinkSerializer({"password_link": link})
        return Response(answer.data, status=201)


class StaffListView(AccountsView):
    roles = (*CLUB_ROLES,)
    filterset_class = StaffFilter
    new_serializer = serializers.NewStaffSerializer

    @operation("listStaff", "Staff", answers=serializers.AccountSerializer(many=True))
    def get(self, request: Request) -> Response:
        return super().get(request)

    @operation(
        "createStaff",
        "Staff",
        body=serializers.NewStaffSerializer,
        answers={201: serializers.CreatedAccountSerializer},
        errors=(EmailTaken, PlanLimitReached),
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class StaffView(AccountView):
    roles = (*CLUB_ROLES,)
    change_serializer = serializers.ChangeStaffSerializer

    @operation("getStaff", "Staff", answers=serializers.AccountSerializer)
    def get(self, request: Request, user_id: UUID) -> Response:
        return super().get(request, user_id)

    @operation(
        "changeStaff",
        "Staff",
        body=serializers.ChangeStaffSerializer,
        answers=serializers.AccountSerializer,
        errors=(LastAdmin, PlanLimitReached),
    )
    def patch(self, request: Request, user_id: UUID) -> Response:
        return super().patch(request, user_id)


class StaffPasswordLinkView(PasswordLinkView):
    roles = (*CLUB_ROLES,)

    @operation(
        "renewStaffPasswordLink",
        "Staff",
        answers={201: serializers.IssuedPasswordLinkSerializer},
        errors=(AccountInactive,),
    )
    def post(self, request: Request, user_id: UUID) -> Response:
        return super().post(request, user_id)


class SystemUserListView(AccountsView):
    roles = (Role.SYSTEM_ADMIN,)
    new_serializer = serializers.NewSystemUserSerializer

    @operation("listSystemUsers", "System users", answers=serializers.AccountSerializer(many=True))
    def get(self, request: Request) -> Response:
        return super().get(request)

    @operation(
        "createSystemUser",
        "System users",
        body=serializers.NewSystemUserSerializer,
        answers={201: serializers.CreatedAccountSerializer},
        errors=(EmailTaken,),
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class SystemUserView(AccountView):
    roles = (Role.SYSTEM_ADMIN,)
    change_serializer = serializers.ChangeSystemUserSerializer

    @operation("getSystemUser", "System users", answers=serializers.AccountSerializer)
    def get(self, request: Request, user_id: UUID) -> Response:
        return super().get(request, user_id)

    @operation(
        "changeSystemUser",
        "System users",
        body=serializers.ChangeSystemUserSerializer,
        answers=serializers.AccountSerializer,
        errors=(LastAdmin,),
    )
    def patch(self, request: Request, user_id: UUID) -> Response:
        return super().patch(request, user_id)


class SystemUserPasswordLinkView(PasswordLinkView):
    roles = (Role.SYSTEM_ADMIN,)

    @operation(
        "renewSystemUserPasswordLink",
        "System users",
        answers={201: serializers.IssuedPasswordLinkSerializer},
        errors=(AccountInactive,),
    )
    def post(self, request: Request, user_id: UUID) -> Response:
        return super().post(request, user_id)
