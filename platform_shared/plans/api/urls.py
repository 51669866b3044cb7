from django.urls import path

from platform_shared.plans.api import views

urlpatterns = [path("plans", views.PlansView.as_view())]
