"""The list of flags, and the pages about flags that it leads to."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action

from flags.admin.compare import ComparePages, compare_address
from flags.admin.tester import TesterPages, tester_address
from flags.models import Flag


class FlagList(TesterPages, ComparePages):
    """What the admin's flags have beside the page of one flag."""

    actions_detail = ("test_here", "compare_here")

    @action(description="Test with a context", url_path="test", icon="science")  # type: ignore[untyped-decorator]  # Unfold's
    def test_here(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead from a flag's page to the tester."""
        flag = self.flag_seen(request, object_id)
        return HttpResponseRedirect(tester_address(project=flag.project.key, flag=flag.key))

    @action(description="Compare environments", url_path="compare", icon="compare_arrows")  # type: ignore[untyped-decorator]  # Unfold's
    def compare_here(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead from a flag's page to its comparison."""
        flag = self.flag_seen(request, object_id)
        return HttpResponseRedirect(compare_address(project=flag.project.key, flag=flag.key))

    def flag_seen(self, request: HttpRequest, object_id: Any) -> Flag:
        """Return the flag of an address.

        Raises:
            Http404: when there is none that the person may see.
        """
        flag = self.get_object(request, str(object_id))
        if not isinstance(flag, Flag):
            raise Http404
        return flag
