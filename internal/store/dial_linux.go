package store

import (
	"strings"
	"syscall"
)

// tcpUserTimeout is TCP_USER_TIMEOUT, a name that package syscall has for some processors only.
const tcpUserTimeout = 0x12

// giveUp lets the system end a connection whose other side does not confirm what was sent. Keepalive alone does not: it is
// asked of connections that stand idle, and who waits for an answer has sent something.
func giveUp(network, _ string, c syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var set error
	err := c.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(lostAfter.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return set
}
