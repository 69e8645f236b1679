package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// network is what the machines of a cluster are connected by. Where the test may, each machine is a host with a network
// namespace of its own and two plugs: one in the database's switch and one in the world's, at which it reads portals, hands
// mail over and answers readers. A plug that is pulled loses packets, and tells nobody. Elsewhere the machines are processes
// of one host, and each has a line to the database's server that swallows what is sent.
type network struct {
	t     *testing.T
	id    string // begins the name of everything that was made; empty: the machines are processes
	net   string // the first three numbers of all addresses
	here  string // the test's own address in the world
	at    string // and in the database's network; empty: the loopback
	hosts int
}

// The two switches: the end of their names, the test's own address, what the hosts' plugs are called, and their first address.
var clusterSwitches = []struct {
	mark, own, plug string
	first           int
}{{"d", ".1", "db", 11}, {"r", ".129", "world", 139}}

// clusterMAC is the hardware address of a switch (0) or of a host's plugs. It is known beforehand, so that none is asked for: a
// question without an answer would tell the host that its packets go nowhere.
func clusterMAC(i int) string { return fmt.Sprintf("02:00:00:00:00:%02x", i+1) }

// clusterGuard removes what was made when its input ends, which is when the test does, however it ends. Only what has the
// test's names is touched.
const clusterGuard = `cat >/dev/null
for name in "$@"; do
	case $name in
	*-*) ip netns pids "$name" 2>/dev/null | xargs -r kill -9 2>/dev/null; ip netns del "$name" 2>/dev/null ;;
	*) ip link del "$name" 2>/dev/null ;;
	esac
done
exit 0`

// newNetwork makes the network for so many hosts.
func newNetwork(t *testing.T, hosts int, processes bool) *network {
	t.Helper()
	n := &network{t: t, here: "127.0.0.1"}
	if processes {
		return n
	}
	if err := n.build(hosts); err != nil {
		t.Logf("each machine is a process of this host, with a line of its own to the database: %v", err)
		return &network{t: t, here: "127.0.0.1"}
	}
	t.Logf("each machine is a host with a network namespace, in %s.0/24", n.net)
	return n
}

// build makes the switches and what removes everything. Its error says why no namespaces can be made here.
func (n *network) build(hosts int) error {
	if runtime.GOOS != "linux" {
		return errors.New("network namespaces are Linux'")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return errors.New("ip is not installed: Debian has it in iproute2")
	}
	n.id = "uk" + strconv.FormatInt(int64(os.Getpid()), 36) + strconv.FormatInt(time.Now().UnixNano()/1000%1296, 36)
	free, err := freeNet(os.Getpid())
	if err != nil {
		return err
	}
	n.net = free

	var names []string // links before namespaces: whose ends go with them a moment later
	for _, s := range clusterSwitches {
		for i := range hosts {
			names = append(names, n.port(s.mark, i))
		}
		names = append(names, n.id+s.mark)
	}
	for i := range hosts {
		names = append(names, n.space(i))
	}
	guard := exec.Command("sh", append([]string{"-c", clusterGuard, "guard"}, names...)...)
	apart(guard)
	end, err := guard.StdinPipe()
	if err != nil {
		return err
	}
	if err := guard.Start(); err != nil {
		return err
	}
	remove := sync.OnceFunc(func() {
		end.Close()
		_ = guard.Wait()
	})
	n.t.Cleanup(func() {
		remove()
		for _, list := range [][]string{{"-o", "link"}, {"netns", "list"}} {
			if out, err := exec.Command("ip", list...).CombinedOutput(); err != nil || bytes.Contains(out, []byte(n.id)) {
				n.t.Errorf("the network of the test is not gone: ip %s: %v\n%s", strings.Join(list, " "), err, out)
			}
		}
	})
	for _, s := range clusterSwitches {
		err := ip("link", "add", "name", n.id+s.mark, "address", clusterMAC(0), "type", "bridge")
		if err == nil {
			err = ip("addr", "add", n.net+s.own+"/25", "dev", n.id+s.mark)
		}
		if err == nil {
			err = ip("link", "set", n.id+s.mark, "up")
		}
		if err != nil {
			remove()
			return err
		}
	}
	if err := ip("netns", "add", n.space(0)); err != nil { // whether one may be made is seen by the first
		remove()
		return err
	}
	n.at, n.here = n.net+clusterSwitches[0].own, n.net+clusterSwitches[1].own
	return nil
}

// space is the name of a host's namespace.
func (n *network) space(i int) string { return n.id + "-" + strconv.Itoa(i) }

// port is the name of a host's port in a switch.
func (n *network) port(mark string, i int) string { return n.id + mark + strconv.Itoa(i) }

// freeNet finds a network of 256 that no interface is in, among those that RFC 2544 has set aside for tests of networks.
func freeNet(seed int) (string, error) {
	taken, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for i := range 256 {
		first := fmt.Sprintf("198.18.%d", (seed+i)%256)
		p := netip.MustParsePrefix(first + ".0/24")
		if !slices.ContainsFunc(taken, func(a net.Addr) bool {
			t, err := netip.ParsePrefix(a.String())
			return err == nil && t.Overlaps(p)
		}) {
			return first, nil
		}
	}
	return "", errors.New("every network of 198.18.0.0/16 is taken")
}

// ip runs the command of that name.
func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %v: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// host is where a machine stands.
type host struct {
	listen string   // at which it answers readers
	server string   // at which it reaches the database's server
	as     []string // what a command begins with to run there
	net    *network
	n      int
	line   *line // of a process; else nil
}

// host adds the next host. The database's server listens at that port.
func (n *network) host(server int) *host {
	n.t.Helper()
	h := &host{net: n, n: n.hosts}
	n.hosts++
	if n.id == "" {
		h.line = newLine(n.t, server)
		h.server = net.JoinHostPort("127.0.0.1", strconv.Itoa(h.line.port()))
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			n.t.Fatal(err)
		}
		h.listen = l.Addr().String()
		l.Close()
		return h
	}
	space := n.space(h.n)
	do := func(args ...string) {
		n.t.Helper()
		if err := ip(args...); err != nil {
			n.t.Fatal(err)
		}
	}
	if h.n > 0 { // the first is there
		do("netns", "add", space)
	}
	do("-n", space, "link", "set", "lo", "up")
	for _, s := range clusterSwitches {
		bridge, port, mac, address := n.id+s.mark, n.port(s.mark, h.n), clusterMAC(h.n+1), fmt.Sprintf("%s.%d", n.net, s.first+h.n)
		do("link", "add", port, "type", "veth", "peer", "name", s.plug, "address", mac, "netns", space)
		do("link", "set", port, "master", bridge, "up")
		do("-n", space, "addr", "add", address+"/25", "dev", s.plug)
		do("-n", space, "link", "set", s.plug, "up")
		do("-n", space, "neigh", "replace", n.net+s.own, "lladdr", clusterMAC(0), "dev", s.plug, "nud", "permanent")
		do("neigh", "replace", address, "lladdr", mac, "dev", bridge, "nud", "permanent")
		h.listen = net.JoinHostPort(address, "8080") // the world's stands last
	}
	h.server = net.JoinHostPort(n.at, strconv.Itoa(server))
	h.as = []string{"ip", "netns", "exec", space}
	return h
}

// real tells whether the host has a network of its own, which alone can lose packets.
func (h *host) real() bool { return h.line == nil }

// cut takes the host's plug out of the database's switch.
func (h *host) cut() {
	if h.line != nil {
		h.line.cut()
		return
	}
	h.set("down", clusterSwitches[0].mark)
}

// isolate takes all its plugs out. Only a real host has more than one.
func (h *host) isolate() {
	h.cut()
	if h.real() {
		h.set("down", clusterSwitches[1].mark)
	}
}

// mend puts its plugs back.
func (h *host) mend() {
	if h.line != nil {
		h.line.mend()
		return
	}
	for _, s := range clusterSwitches {
		h.set("up", s.mark)
	}
}

func (h *host) set(to, mark string) {
	h.net.t.Helper()
	if err := ip("link", "set", h.net.port(mark, h.n), to); err != nil {
		h.net.t.Fatal(err)
	}
}

// line is the way of a process to the server. Cut, nothing goes through and nothing is told; but what is sent is confirmed, as a
// server does that hangs.
type line struct {
	l      net.Listener
	server string
	mu     sync.Mutex
	isCut  bool
	ends   []io.Closer
}

func newLine(t *testing.T, port int) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := &line{l: l, server: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go x.carry(conn)
		}
	}()
	t.Cleanup(func() { l.Close(); x.mend(); <-done })
	return x
}

func (x *line) port() int { return x.l.Addr().(*net.TCPAddr).Port }

func (x *line) carry(client net.Conn) {
	server, err := net.Dial("tcp", x.server)
	if err != nil {
		client.Close()
		return
	}
	x.mu.Lock()
	x.ends = append(x.ends, client, server)
	x.mu.Unlock()
	pass := func(to, from net.Conn) {
		b := make([]byte, 32<<10)
		for {
			n, err := from.Read(b)
			x.mu.Lock()
			dropped := x.isCut
			x.mu.Unlock()
			if dropped && n > 0 {
				continue // into the void
			}
			if n > 0 {
				if _, werr := to.Write(b[:n]); werr != nil {
					break
				}
			}
			if err != nil {
				break
			}
		}
		to.Close()
		from.Close()
	}
	go pass(server, client)
	pass(client, server)
}

func (x *line) cut() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.isCut = true
}

// mend lets things through again. What was under way learns that its connection is gone.
func (x *line) mend() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.isCut {
		for _, c := range x.ends {
			c.Close()
		}
		x.ends = nil
	}
	x.isCut = false
}
