package crawler

import (
	"context"
	"strings"
	"time"
)

// Commons is what all engines of an installation know of hosts together, so that several, in several processes or on
// several machines, ask a host no faster than one may. An engine without one goes by its own memory.
type Commons interface {
	// Reserve gives a request to a host its time, at least delay from that of any other, and tells how long it is until then.
	Reserve(ctx context.Context, host string, delay time.Duration) (time.Duration, error)
	// Postpone leaves a host alone for that long.
	Postpone(ctx context.Context, host string, pause time.Duration) error
	// Robots gives the robots.txt that a host had when it was last asked, empty if it had none; the zero time if it never was.
	Robots(ctx context.Context, origin string) (body string, asked time.Time, err error)
	KeepRobots(ctx context.Context, origin, body string, asked time.Time) error
}

// wait holds until the next request to a host may start. A host that sets no pace, such as a replay on the loopback,
// needs nobody's leave.
func (e *Engine) wait(ctx context.Context, host string, l *lane) error {
	if err := l.wait(ctx); err != nil {
		return err
	}
	delay := l.pace()
	if e.cfg.Commons == nil || delay <= 0 {
		return nil
	}
	until, err := e.cfg.Commons.Reserve(ctx, strings.ToLower(host), delay)
	if err != nil {
		return err
	}
	return sleep(ctx, until)
}

// postpone tells the others that a host asked for patience. Who asked it waits anyhow.
func (e *Engine) postpone(ctx context.Context, host string, pause time.Duration) error {
	if e.cfg.Commons == nil || pause <= 0 {
		return nil
	}
	return e.cfg.Commons.Postpone(ctx, strings.ToLower(host), pause)
}

// recall fills r with what the installation knows of the host, if that is young enough.
func (e *Engine) recall(ctx context.Context, r *robots, origin string) error {
	if e.cfg.Commons == nil {
		return nil
	}
	body, asked, err := e.cfg.Commons.Robots(ctx, strings.ToLower(origin))
	if age := e.cfg.Now().Sub(asked); err != nil || asked.IsZero() || age >= robotsAge || age < 0 {
		return err
	}
	r.rules, r.failed, r.asked, r.expires = parseRobots([]byte(body)), "", asked, robotsAge
	return nil
}

// share tells the others what a host says.
func (e *Engine) share(ctx context.Context, r *robots, origin string, body []byte) error {
	if e.cfg.Commons == nil {
		return nil
	}
	return e.cfg.Commons.KeepRobots(ctx, strings.ToLower(origin), string(body), r.asked)
}
