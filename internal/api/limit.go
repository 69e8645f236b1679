package api

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxKnown is how many askers the limiter remembers: about 300 bytes each.
const maxKnown = 10_000

// Limiter slows down who asks too much: each asker has a number of requests at once and so many a second after that. Of
// more askers than it remembers it forgets those that have been silent the longest, which by then may ask freely anyway.
type Limiter struct {
	perSecond rate.Limit
	burst     int
	clock     func() time.Time

	mu     sync.Mutex
	known  map[string]*list.Element
	recent *list.List // of *asker, the latest first
}

type asker struct {
	who   string
	limit *rate.Limiter
}

// NewLimiter makes a limiter. Its clock goes on, also where the program acts as if it were a certain time.
func NewLimiter(perSecond float64, burst int, clock func() time.Time) *Limiter {
	return &Limiter{perSecond: rate.Limit(perSecond), burst: burst, clock: clock, known: map[string]*list.Element{}, recent: list.New()}
}

// Wait tells how long who asks now has to wait; 0 when they need not, and then it counts.
func (l *Limiter) Wait(who string) time.Duration {
	now := l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.known[who]
	if e == nil {
		if l.recent.Len() >= maxKnown {
			last := l.recent.Back()
			delete(l.known, last.Value.(*asker).who)
			l.recent.Remove(last)
		}
		e = l.recent.PushFront(&asker{who, rate.NewLimiter(l.perSecond, l.burst)})
		l.known[who] = e
	} else {
		l.recent.MoveToFront(e)
	}
	r := e.Value.(*asker).limit.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// network is where a request comes from: an address, and of IPv6 the 64 bits that one customer has. Whoever trusts a proxy
// has put the address of who asks in its place before.
func network(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	peer = peer.Unmap().WithZone("")
	if peer.Is4() {
		return peer.String()
	}
	p, err := peer.Prefix(64)
	if err != nil {
		return host // unreachable: an IPv6 address has 64 bits
	}
	return p.String()
}
