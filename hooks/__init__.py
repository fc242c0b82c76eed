"""Git's hooks: the scripts that git runs, how they come and go beside other tools, and what they do.

Installed as ``journal.hooks``. ``running`` is what a script calls; the rest is for ``journal hooks``.
"""
