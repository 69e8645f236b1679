package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"utkik/internal/jobs"
)

// The bounds of being well.
const (
	// readyFollow is how long ago this process may last have come through all that follows the store. It comes through every
	// [followEvery]; building the index of 50,000 calls anew takes less than a minute.
	readyFollow = 5 * time.Minute
	// aliveFollow is how long one pass may take before the process counts as stuck.
	aliveFollow = time.Hour
	// readyTime bounds one look at everything.
	readyTime = 5 * time.Second
	// indexCheck is how often the files of the index are read and compared with their checksums, at most.
	indexCheck = time.Minute
)

// Health is how a process does.
type Health struct {
	OK    bool         `json:"ok"`
	Parts []HealthPart `json:"parts"`
}

// HealthPart is how one thing does that a process needs. Its reason names no address and nobody: whoever reaches the page may
// read it. The log has the rest.
type HealthPart struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason"`
}

// health looks at how this process does.
type health struct {
	app   *App
	roles Roles
	queue *jobs.Jobs       // nil: it works no queue
	now   func() time.Time // the machine's clock, whatever --now says

	followed atomic.Int64 // ms since 1970, when the process last came through all that follows
	turned   atomic.Int64 // ms since 1970, when it last came around, through or not
	ended    atomic.Bool  // it follows no more

	mu      sync.Mutex
	checked time.Time // the index's files
	damage  error     // that was found
	told    string    // the last that the log was told
}

func newHealth(a *App, roles Roles) *health {
	h := &health{app: a, roles: roles, now: time.Now}
	h.came(nil)
	return h
}

// came notes that the process came around.
func (h *health) came(err error) {
	now := h.now().UnixMilli()
	h.turned.Store(now)
	if err == nil {
		h.followed.Store(now)
	}
}

func (h *health) ago(ms int64) time.Duration {
	return h.now().Sub(time.UnixMilli(ms)).Truncate(time.Second)
}

// live tells whether the process is alive: what starts it anew would help it.
func (h *health) live(context.Context) Health {
	p := HealthPart{Name: "process", OK: true, Reason: "answers"}
	f := h.follows(&h.turned, aliveFollow, "came around %s ago", "stuck: one pass takes %s already")
	return Health{OK: f.OK, Parts: []HealthPart{p, f}}
}

// follows tells how this process follows the store, by when it last did and how long ago that may be. The words have a place for
// how long it is.
func (h *health) follows(last *atomic.Int64, most time.Duration, well, ill string) HealthPart {
	p := HealthPart{Name: "follow"}
	switch ago := h.ago(last.Load()); {
	case h.ended.Load():
		p.Reason = "has ended: the process is stopping"
	case ago > most:
		p.Reason = fmt.Sprintf(ill, ago)
	default:
		p.OK, p.Reason = true, fmt.Sprintf(well, ago)
	}
	return p
}

// ready tells whether the process can do what its roles ask for.
func (h *health) ready(ctx context.Context) Health {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	var out Health
	part := func(name string, err error, well, ill string) bool {
		p := HealthPart{Name: name, OK: err == nil, Reason: well}
		if err != nil {
			p.Reason = ill
		}
		out.Parts = append(out.Parts, p)
		if !p.OK {
			h.tell(ctx, name, err)
		}
		return p.OK
	}
	answers := part("store", h.app.Store.Ping(ctx), "answers", "does not answer; the log tells why")
	if answers {
		part("schema", h.app.Store.Fits(ctx), "is this program's", "is not this program's, or the database is gone; the log tells why")
	}
	if h.roles.Has(Web) {
		part("index", h.index(), "whole", "damaged, or not whole yet; it is built anew from the store by itself")
	}
	follow := h.follows(&h.followed, readyFollow, "came through %s ago", "what follows the store last came through %s ago; the log tells why")
	if answers && h.roles.Has(Web) && h.app.index != nil {
		if cursor, err := h.app.index.Cursor(); err == nil {
			if _, behind, err := h.app.Store.Behind(ctx, 0, cursor); err == nil {
				follow.Reason += fmt.Sprintf("; the index is %d calls behind", behind)
			}
		}
	}
	out.Parts = append(out.Parts, follow)
	if answers && h.queue != nil {
		leader, err := h.queue.Leader(ctx)
		well := "answers; some machine leads it"
		if leader == "" {
			well = "answers; no machine leads it yet"
		}
		part("queue", err, well, "does not answer; the log tells why")
	}
	out.OK = true
	for _, p := range out.Parts {
		out.OK = out.OK && p.OK
	}
	if out.OK {
		h.tell(ctx, "", nil)
	}
	return out
}

// tell tells the log of what is not well, once while it lasts: probes come every few seconds.
func (h *health) tell(ctx context.Context, name string, err error) {
	said := ""
	if err != nil {
		said = name + ": " + err.Error()
	}
	h.mu.Lock()
	again := h.told == said
	h.told = said
	h.mu.Unlock()
	switch {
	case again:
	case err != nil:
		h.app.log.ErrorContext(ctx, "not ready", "part", name, "err", err)
	default:
		h.app.log.InfoContext(ctx, "ready again")
	}
}

// index tells why what answers searches here cannot be relied on.
func (h *health) index() error {
	x := h.app.index
	if x == nil {
		return fmt.Errorf("index %s is not open", h.app.indexDir())
	}
	if _, err := x.Count(); err != nil {
		return err
	}
	if x.NeedsRebuild() {
		return fmt.Errorf("index %s is not whole", h.app.indexDir())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := h.now(); now.Sub(h.checked) >= indexCheck {
		h.checked, h.damage = now, x.Check()
	}
	return h.damage
}

// answerHealth answers a probe: 200 where all is well, else 503, and what is not.
func answerHealth(look func(context.Context) Health) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := look(r.Context())
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !h.OK {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(h) // who asked went away
	}
}
