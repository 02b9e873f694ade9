"""Where a link leads on the site, of pages that were written for the repository.

Pages link to each other by their files. A file that is on the site elsewhere is linked there. A file that is not on it
is linked in the repository, when somebody said where that is, and is its bare text otherwise.
"""

import posixpath
import re
from collections.abc import Mapping

_CODE_OR_LINK = re.compile(
    r"^ *(?P<fence>```|~~~).*?^ *(?P=fence) *$"  # a block of code
    r"|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"  # code in a line
    r"|(?P<mark>!?)\[(?P<label>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^)\s]+)\)",
    re.MULTILINE | re.DOTALL,
)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#|/")


def rewritten(text: str, *, page: str, places: Mapping[str, str], repository: str = "") -> str:
    """The page with its links as the site has them.

    `page` is the page's file, and `places` says of each file that is on the site where it is there; files are named
    from the root of the repository. `repository` is an address under which its files can be read, or empty.
    """
    here = posixpath.dirname(places[page])

    def led(found: re.Match[str]) -> str:
        target = found["target"]
        if target is None or _ELSEWHERE.match(target):
            return found[0]
        path, hash_mark, anchor = target.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        if file in places:
            to = posixpath.relpath(places[file], here or ".")
        elif repository:
            to = f"{repository.rstrip('/')}/{file}"
        else:
            return found["label"]
        return f"{found['mark']}[{found['label']}]({to}{hash_mark}{anchor})"

    return _CODE_OR_LINK.sub(led, text)
