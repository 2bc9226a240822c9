"""URIs of frames and poses: one grammar, and a typed, checked specification for each kind.

    SCHEME:NAME[?KEY=VALUE[&KEY=VALUE...]]      a file, a camera or a port, and its options
    SCHEME:KEY=VALUE[,KEY=VALUE...]             a declared motion, which has options only
    igtl://HOST[:PORT][/DEVICE]                 an OpenIGTLink server

A key that is not known is refused with the nearest that is, and so is a value of another kind.
"""
