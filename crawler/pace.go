package crawler

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// hosts remembers, for as long as the engine lives, the lane and the robots.txt of each host.
type hosts struct {
	mu       sync.Mutex
	parallel int
	lanes    map[string]*lane   // by host and port
	robots   map[string]*robots // by scheme, host and port
}

func newHosts(parallel int) *hosts {
	return &hosts{parallel: parallel, lanes: map[string]*lane{}, robots: map[string]*robots{}}
}

func (h *hosts) lane(host string) *lane {
	h.mu.Lock()
	defer h.mu.Unlock()
	host = strings.ToLower(host)
	l := h.lanes[host]
	if l == nil {
		l = &lane{slots: make(chan struct{}, h.parallel), limit: rate.NewLimiter(rate.Inf, 1)}
		h.lanes[host] = l
	}
	return l
}

func (h *hosts) robotsOf(origin string) *robots {
	h.mu.Lock()
	defer h.mu.Unlock()
	origin = strings.ToLower(origin)
	r := h.robots[origin]
	if r == nil {
		r = &robots{turn: make(chan struct{}, 1)}
		h.robots[origin] = r
	}
	return r
}

// lane is the way to one host: so many requests at a time, and so much time from the start of one to the
// start of the next. Both waits end at once when their context does.
type lane struct {
	slots chan struct{}
	mu    sync.Mutex
	delay time.Duration
	used  bool          // a request went out
	limit *rate.Limiter // of burst 1; colly's own limits sleep through a cancelled context
}

// enter takes a slot; leave gives it back. A request keeps its slot while it waits for a retry, so that a
// host that asks for patience gets it from all of a run.
func (l *lane) enter(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *lane) leave() { <-l.slots }

// slower makes the lane at least so slow. Sources that share a host go at the pace of the slowest.
func (l *lane) slower(delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if delay > l.delay {
		if l.delay == 0 {
			l.limit = rate.NewLimiter(rate.Every(delay), 1)
			if l.used {
				l.limit.Allow() // the request before counts: a new limiter would let one more through at once
			}
		} else {
			l.limit.SetLimit(rate.Every(delay))
		}
		l.delay = delay
	}
}

// pace is the lane's delay.
func (l *lane) pace() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delay
}

// wait holds until the next request may start.
func (l *lane) wait(ctx context.Context) error {
	l.mu.Lock()
	limit := l.limit
	l.used = true
	l.mu.Unlock()
	if err := limit.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return context.DeadlineExceeded // the limiter sees that the wait would outlast the context
	}
	return nil
}

// sleep waits for d or for the end of ctx, whichever comes first.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
