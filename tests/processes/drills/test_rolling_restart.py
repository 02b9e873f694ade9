"""Web processes are replaced one after the other, as a release does it: nobody who asks is refused, nothing is lost.

Whoever replaces them lets the proxy leave a process out first: of a process that closes its port, Linux resets the
connections that wait to be accepted.
"""

import signal

from tests.processes.drills.network import Network
from tests.processes.drills.work import Work
from tests.processes.site import Process, Site


def test_no_request_fails_while_web_processes_are_replaced(site: Site, web: Process, stream: Process) -> None:
    webs = [web, site.web()]
    with (
        Network(*(each.port for each in webs)) as proxy,
        Work(site, web=proxy.url, stream=stream.url, deciders=1, keeps_alive=False) as work,
    ):
        for each in webs:
            proxy.leave_out(each.port)
            each.end(signal.SIGTERM)
            work.goes_on()
            each.start()
            proxy.take_in(each.port)
            work.goes_on()
        work.all_is_well(web.url)
        assert (set(work.writer.answers), set(work.reader.answers)) == ({"200"}, {"200"})
