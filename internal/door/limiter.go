package door

import (
	"context"
	"maps"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"utkik/internal/store"
	"utkik/internal/token"
)

// limiter bounds how often one address asks. Each machine counts for itself, and knows a bounded number of addresses; where the
// store is shared, whoever is let through here is counted there once more, for all machines together. So a flood
// is held off without asking the store.
type limiter struct {
	name  string        // of what is asked for
	each  time.Duration // after which one more is let through
	burst int           // at once

	mu    sync.Mutex
	known map[netip.Prefix]*rate.Limiter
}

// maxKnown addresses are known at a time: some megabytes.
const maxKnown = 20_000

func newLimiter(name string, each time.Duration, burst int) *limiter {
	return &limiter{name: name, each: each, burst: burst, known: map[netip.Prefix]*rate.Limiter{}}
}

// household is the address as it is counted: a network that is one household's own. What is no address is one.
func household(address string) netip.Prefix {
	a, _ := hostOf(address)
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // of what is no address: the zero prefix
	return p
}

// admit is how long the address has to wait; 0 when it is let through, on whatever machine it asked before.
func (l *limiter) admit(ctx context.Context, s *store.Store, address string, now time.Time) (time.Duration, error) {
	if wait := l.wait(address, now); wait > 0 || !s.Shared() {
		return wait, nil
	}
	// A hash, so that who looks at the table does not read who asked. It is forgotten when it bounds nothing more.
	ok, err := s.Admit(ctx, l.name+" "+token.Hash(household(address).String()), l.each, l.burst)
	if err != nil || ok {
		return 0, err
	}
	return l.each, nil
}

// wait is how long the address has to wait by what this machine knows.
func (l *limiter) wait(address string, now time.Time) time.Duration {
	p := household(address)
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
