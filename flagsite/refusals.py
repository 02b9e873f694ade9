"""Answers where there is no view to give one: under `/admin` a page for people, elsewhere a problem for programs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from flagsite.lib import problem_responses


def _is_of_a_person(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:index"))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404: an address that leads nowhere, or a row that is gone meanwhile."""
    if _is_of_a_person(request):
        return render(request, "404.html", status=404)
    return problem_responses.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500: says that something went wrong here, and nothing about what."""
    if _is_of_a_person(request):
        return render(request, "500.html", status=500)
    return problem_responses.server_error(request)
