// Package app wires the stages together: it is the only room that sees all others, and with cmd the only one
// that reads the clock. Each method is one thing that a person can ask the program to do.
package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"utkik/config"
	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/index"
	"utkik/internal/match"
	"utkik/internal/metrics"
	"utkik/internal/plan"
	"utkik/internal/store"
	"utkik/internal/token"
	"utkik/internal/trace"
)

// App is an opened installation: configuration, plan and store. The index is opened when it is needed, since
// only one process may hold it.
type App struct {
	ID     string // of the organisation; empty for the installation's own
	Config *config.Config
	Plan   *plan.Plan
	Store  *store.Store

	// Unsubscribe gives the https address at which one POST ends a recipient's mails, and Fill puts into the body of a mail
	// what is its recipient's own, the same each time. Both may be nil: then there is none.
	Unsubscribe func(store.Mail) string
	Fill        func(m store.Mail, body string) string

	keys        atomic.Pointer[token.Ring] // what fills them; nil without web.base_url
	parent      *App                       // the installation's own; nil for itself
	opening     sync.Mutex                 // guards members
	gathered    bool                       // every member is opened
	members     []*App                     // the other organisations; see organisations.go
	set         *match.Set
	planHash    string
	weighedPlan *plan.Plan        // the plan with what a vocabulary lends it
	planRead    [sha256.Size]byte // what the plan in force was read from
	planBad     [sha256.Size]byte // what was refused last
	index       *index.Index
	indexFits   bool       // it was made under this plan
	node        *node      // this machine as the others of the installation know it; nil where there are none
	weighed     string     // the plan by which everything was weighed from here
	turn        sync.Mutex // of who weighs, or reads an edited plan
	log         *slog.Logger
	traces      *trace.Namer
	measured    atomic.Pointer[metrics.Metrics] // while it serves and somebody may ask
	now         func() time.Time
	progress    io.Writer
}

// Options are what an App needs beside its configuration.
type Options struct {
	Log      *slog.Logger
	Progress io.Writer // a terminal, or nil
}

// Open opens the store of an installation, creating it where there is none, and its plan.
func Open(ctx context.Context, cfg *config.Config, o Options) (*App, error) {
	a := &App{Config: cfg, log: slog.New(trace.Handler(o.Log.Handler())), progress: o.Progress, now: time.Now}
	machine, _ := os.Hostname() // two machines whose names are not known began at different moments
	a.traces = trace.NewNamer(machine, os.Getpid(), time.Now().UnixNano())
	if !cfg.Now.IsZero() {
		a.now = func() time.Time { return cfg.Now }
	}
	kinds := crawler.Kinds()
	var unknown config.Problems
	for _, s := range cfg.Sources() {
		if _, ok := kinds[s.Kind]; !ok {
			unknown = append(unknown, config.Problem{File: "sources/" + s.ID + ".yaml", Key: "kind",
				Text: fmt.Sprintf("no kind %q in this program; there are %s", s.Kind, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))})
		}
	}
	if err := unknown.Err(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Data, 0o750); err != nil {
		return nil, fmt.Errorf("data folder %s: %v; name another with --data", cfg.Data, err)
	}
	if err := a.readPlan(); err != nil {
		return nil, err
	}
	var err error
	if a.Store, err = store.Open(ctx, store.Options{URL: storeURL(cfg), Now: a.now}); err != nil {
		return nil, err
	}
	if err := a.openLinks(ctx); err != nil {
		return nil, errors.Join(err, a.Store.Close())
	}
	a.addMembers()
	return a, nil
}

// Close closes what is open.
func (a *App) Close() error {
	var errs []error
	if a.index != nil {
		errs = append(errs, a.index.Close())
	}
	return errors.Join(append(errs, a.Store.Close())...)
}

// Now is the time by which the program acts: the clock's, or --now.
func (a *App) Now() time.Time { return a.now() }

// sources gives the sources of the given ids, or every enabled one. A source that is named is taken even if it is
// not enabled: whoever names it wants it.
func (a *App) sources(ids []string) ([]kind.Source, error) {
	var out []kind.Source
	var unknown []string
	all := a.Config.Sources()
	if len(ids) == 0 {
		for _, s := range all {
			if s.Enabled {
				out = append(out, s)
			}
		}
		if len(out) == 0 {
			return nil, errors.New("no source is enabled: enable one in the configuration's list of sources, or name one")
		}
		return out, nil
	}
	for _, id := range ids {
		i := slices.IndexFunc(all, func(s kind.Source) bool { return s.ID == id })
		if i < 0 {
			unknown = append(unknown, fmt.Sprintf("%q", id))
			continue
		}
		if !slices.ContainsFunc(out, func(s kind.Source) bool { return s.ID == id }) {
			out = append(out, all[i])
		}
	}
	if len(unknown) > 0 {
		return nil, &UnknownError{What: "source", Names: unknown, See: "utkik sources"}
	}
	return out, nil
}

// UnknownError says that something was named that there is not.
type UnknownError struct {
	What  string
	Names []string // quoted
	See   string   // the command that lists what there is
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown %s %s; `%s` lists what there is", e.What, strings.Join(e.Names, ", "), e.See)
}

// engine makes a crawler with the configured manners.
func (a *App) engine() (*crawler.Engine, error) {
	conf, err := a.engineConfig()
	if err != nil {
		return nil, err
	}
	return crawler.New(conf)
}

// engineConfig is what the configured manners are to the crawler.
func (a *App) engineConfig() (crawler.Config, error) {
	c := a.Config.Crawler
	if !c.AllowPrivate && !strings.ContainsAny(c.Agent(), "@") && !strings.Contains(c.Agent(), "://") {
		return crawler.Config{}, config.Problems{{File: cmp.Or(a.Config.File, "configuration"), Key: "crawler.contact",
			Text: "missing; name a web or mail address at which the operator of a site that is read can reach you"}}
	}
	conf := crawler.Config{
		UserAgent: c.Agent(), AllowPrivate: c.AllowPrivate, Retries: c.Retries, MaxBytes: c.MaxBytes, Timeout: c.Timeout,
		Now: a.now, Progress: a.progress, Commons: commons{a.Store}, // no Log: the run's own lines, with what was saved, are take's
	}
	if c.Retries == 0 {
		conf.Retries = -1 // the engine takes 0 for its default
	}
	return conf, nil
}

// commons is the store as crawlers share it.
type commons struct{ *store.Store }

func (c commons) Robots(ctx context.Context, origin string) (string, time.Time, error) {
	body, asked, err := c.Store.Robots(ctx, origin)
	if errors.Is(err, store.ErrNotFound) {
		return "", time.Time{}, nil
	}
	return body, asked, err
}
