from django.urls import path

from tenant_apps.reports.api import views

urlpatterns = [path("reports/overview", views.OverviewView.as_view())]
