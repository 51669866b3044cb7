from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers as drf_serializers

from platform_shared.kit import clock
from platform_shared.kit.access import Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.customers.errors import CustomerMerged
from tenant_apps.qr_codes import images, selectors, services
from tenant_apps.qr_codes.api import serializers
from tenant_apps.qr_codes.api.filters import QRCodeFilter
from tenant_apps.qr_codes.errors import (
    CodeKindNotAccepted,
    CodeRevoked,
    ExpiryIsSigned,
)
from tenant_apps.qr_codes.models import QRCode

RENDERERS = {
    "png": (images.render_png, "image/png"),
    "svg": (images.render_svg, "image/svg+xml"),
}
PDF = "application/pdf"
FORMAT = OpenApiParameter(
    "format",
    OpenApiTypes.STR,
    enum=list(RENDERERS),
    default="png",
    description="What kind of image.",
)


def image_response(request: Request, code: QRCode) -> HttpResponse:
    """Return the code as the image that ``?format=`` asks for.

    Raises:
        ValidationError: another format.
    """
    wanted = request.query_params.get("format", "png")
    if wanted not in RENDERERS:
        raise drf_serializers.ValidationError({"format": "png or svg"}, code="unknown_format")
    render, content_type = RENDERERS[wanted]
    response = HttpResponse(render(services.draw(code)), content_type=content_type)
    response["Cache-Control"] = "private, no-store"  # a static code is a key to the door
    return response


def card_response(content: bytes) -> HttpResponse:
    """Return a PDF of cards; like the codes on them it is kept by nobody on its way."""
    response = HttpResponse(content, content_type=PDF)
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = 'inline; filename="cards.pdf"'
    return response


class QRCodesView(ApiView):
    access = {"GET": Permission.QR_CODES_MANAGE, "POST": Permission.QR_CODES_MANAGE}
    queryset = selectors.list_codes()
    filterset_class = QRCodeFilter
    has_secrets = True

    @operation("listQrCodes", "QR codes", answers=serializers.QRCodeSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The club's codes, newest first."""
        return self.page(selectors.list_codes(), serializers.QRCodeSerializer)

    @operation(
        "issueQrCode",
        "QR codes",
        body=serializers.NewQRCodeSerializer,
        answers={201: serializers.QRCodeSerializer},
        errors=(CodeKindNotAccepted, CustomerMerged),
    )
    def post(self, request: Request) -> Response:
        """Issue another code to a customer; the earlier ones stay valid."""
        data = self.valid(serializers.NewQRCodeSerializer)
        code = services.issue_code(**data, now=clock.now(), actor=self.caller.actor)
        return Response(serializers.QRCodeSerializer(code).data, status=201)


class QRCodeView(ApiView):
    access = {"GET": Permission.QR_CODES_MANAGE, "PATCH": Permission.QR_CODES_MANAGE}
    tagged_as = serializers.QRCodeSerializer
    has_secrets = True

    @operation("getQrCode", "QR codes", answers=serializers.QRCodeSerializer)
    def get(self, request: Request, code_id: UUID) -> Response:
        """One code, with the text that its QR image carries."""
        return self.one(selectors.get_code(code_id), serializers.QRCodeSerializer)

    @operation(
        "changeQrCode",
        "QR codes",
        body=serializers.ChangeQRCodeSerializer,
        answers=serializers.QRCodeSerializer,
        errors=(CodeRevoked, ExpiryIsSigned),
    )
    def patch(self, request: Request, code_id: UUID) -> Response:
        """Revoke a code, for good, or name it."""
        data = self.valid(serializers.ChangeQRCodeSerializer)
        code = services.change_code(
            code_id=code_id, **data, now=clock.now(), precondition=self.precondition
        )
        return Response(serializers.QRCodeSerializer(code).data)


class ReissueView(ApiView):
    """A code that is lost, or to expire at another time, is replaced."""

    access = {"POST": Permission.QR_CODES_MANAGE}

    @operation(
        "reissueQrCode",
        "QR codes",
        body=serializers.ReissueSerializer,
        answers={201: serializers.QRCodeSerializer},
        errors=(CodeKindNotAccepted, CodeRevoked, CustomerMerged),
    )
    def post(self, request: Request, code_id: UUID) -> Response:
        code = services.reissue_code(
            code_id=code_id,
            **self.valid(serializers.ReissueSerializer),
            now=clock.now(),
            actor=self.caller.actor,
        )
        return Response(serializers.QRCodeSerializer(code).data, status=201)


class SheetsView(ApiView):
    """Cards to print, and to cut out of the sheet; the codes are noted as printed."""

    access = {"POST": Permission.QR_CODES_MANAGE}
    honours_idempotency_key = False  # printing again changes nothing else, and a PDF is large

    @operation(
        "printQrCodes",
        "QR codes",
        body=serializers.NewSheetSerializer,
        answers={(200, PDF): OpenApiTypes.BINARY},
    )
    def post(self, request: Request) -> HttpResponse:
        data = self.valid(serializers.NewSheetSerializer)
        return card_response(services.print_cards(**data, now=clock.now()))


class QRCodeImageView(ApiView):
    access = {"GET": Permission.QR_CODES_MANAGE}

    @operation(
        "getQrCodeImage",
        "QR codes",
        parameters=[FORMAT],
        answers={
            (200, "image/png"): OpenApiTypes.BINARY,
            (200, "image/svg+xml"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, code_id: UUID) -> HttpResponse:
        """The code as an image, error correction level M."""
        return image_response(request, selectors.get_code(code_id))
