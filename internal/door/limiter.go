package door

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds how often one address asks, on this machine. It knows a bounded number of addresses.
type limiter struct {
	each  time.Duration // after which one more is let through
	burst int           // at once

	mu    sync.Mutex
	known map[netip.Prefix]*rate.Limiter
}

// maxKnown addresses are known at a time: some megabytes.
const maxKnown = 20_000

func newLimiter(each time.Duration, burst int) *limiter {
	return &limiter{each: each, burst: burst, known: map[netip.Prefix]*rate.Limiter{}}
}

// wait is how long the address has to wait; 0 when it is let through.
func (l *limiter) wait(address string, now time.Time) time.Duration {
	a, _ := hostOf(address) // what is no address is one
	bits := a.BitLen()
	if a.Is6() {
		bits = 64 // a household's own network
	}
	p, _ := a.Prefix(bits) // of what is no address: the zero prefix
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.known[p]
	if one == nil {
		if len(l.known) >= maxKnown { // who is as free as somebody new need not be known
			maps.DeleteFunc(l.known, func(_ netip.Prefix, r *rate.Limiter) bool { return r.TokensAt(now) >= float64(l.burst) })
		}
		if len(l.known) >= maxKnown {
			return l.each // so many at a time are no readers
		}
		one = rate.NewLimiter(rate.Every(l.each), l.burst)
		l.known[p] = one
	}
	if one.AllowN(now, 1) {
		return 0
	}
	return l.each
}
