package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"utkik/internal/account"
	"utkik/internal/door"
	"utkik/internal/jobs"
	"utkik/internal/metrics"
	"utkik/internal/plan"
	"utkik/internal/web"
)

// followEvery is how often a server looks for what other commands have written to the store.
const followEvery = 5 * time.Second

// watchEvery is how often a server looks whether a source is late, which no run of it can tell.
const watchEvery = 10 * time.Minute

// stopPages is how long readers in the middle of a page are waited for.
const stopPages = 5 * time.Second

// Serve takes on the roles until the context ends. With the role web it answers on the listener, which is nil without.
// Then it ends what runs, within a bound.
func (a *App) Serve(ctx context.Context, l net.Listener, roles Roles) error {
	if a.parent != nil {
		return errShared
	}
	if err := a.weigh(ctx); err != nil {
		return err
	}
	var pages *pages
	if roles.Has(Web) {
		if err := a.openNode(l); err != nil {
			return err
		}
		var err error
		if pages, err = a.newPages(ctx); err != nil {
			return err
		}
		if err := a.beat(ctx); err != nil {
			return err
		}
	}
	w, err := a.openWork(ctx, &roles)
	if err != nil {
		return err
	}
	watching, m, err := a.openWatch(ctx, w, roles)
	if err != nil {
		return errors.Join(err, w.close())
	}
	defer a.measured.Store(nil)
	blind, err := a.watched(watching, m)
	if err != nil {
		return errors.Join(err, watching.close(w), w.close())
	}
	follow, stop := context.WithCancel(ctx)
	var handler http.Handler
	var behind sync.WaitGroup
	if pages != nil {
		var d *door.Door
		if handler, _, d, err = a.handler(pages, watching, w.mailNow); err != nil {
			stop()
			return errors.Join(err, blind(), watching.close(w), w.close())
		}
		behind.Go(func() { d.Run(follow) })
		handler = a.housed(handler, func(m *App) (http.Handler, error) {
			a.turn.Lock() // their plan may be read anew
			theirs, err := m.newPages(follow)
			a.turn.Unlock()
			if err != nil {
				return nil, err
			}
			made, _, d, err := m.handler(theirs, watching, w.mailNow)
			if err == nil {
				pages.with(theirs)
				behind.Go(func() { d.Run(follow) })
			}
			return made, err
		})
	}
	behind.Go(func() {
		defer watching.ended.Store(true)
		a.follow(follow, pages, watching.health)
	})
	a.log.InfoContext(ctx, "serving", "roles", roles.String())
	if pages != nil {
		err = a.answer(ctx, l, a.observed(m, handler))
	} else {
		<-ctx.Done()
	}
	stop()
	behind.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPages)
	defer cancel()
	return errors.Join(err, a.leave(last), blind(), watching.close(w), w.close())
}

// openWatch opens what tells who watches how this process does.
func (a *App) openWatch(ctx context.Context, w *work, roles Roles) (*watcher, *metrics.Metrics, error) {
	watching := &watcher{health: newHealth(a, roles), seen: w.jobs}
	watching.queue = w.jobs
	if watching.seen == nil && a.Config.Metrics.Listen != "" { // it works no queue, and can tell of it all the same
		var err error
		if watching.seen, err = jobs.Open(ctx, jobs.Config{Store: a.Store, Log: a.log, Now: time.Now}); err != nil {
			return nil, nil, err
		}
	}
	m, err := a.measure(watching)
	if err != nil {
		return nil, nil, errors.Join(err, watching.close(w))
	}
	a.measured.Store(m)
	return watching, m, nil
}

// close closes what was opened to look at the queue, unless it is the queue that is worked.
func (w *watcher) close(work *work) error {
	if w.seen == nil || w.seen == work.jobs {
		return nil
	}
	return w.seen.Close()
}

// answer answers readers until the context ends.
func (a *App) answer(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	a.log.InfoContext(ctx, "answering", "url", "http://"+l.Addr().String()+"/")
	select {
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPages)
		defer cancel()
		err := server.Shutdown(last)
		<-failed
		return err
	case err := <-failed:
		return fmt.Errorf("serve %s: %v", l.Addr(), err)
	}
}

// handler is all that is answered, and who may ask for what. Whatever answers stands behind the guard, so that no other site's
// page can write in a reader's name, and behind the door, which finds out who asks. Programs, which send no Origin, are let
// through to what asks for a key or a token. sent is called when a mail that somebody waits for was written to the outbox.
func (a *App) handler(pages *pages, watching *watcher, sent func(context.Context)) (http.Handler, *site, *door.Door, error) {
	d, err := a.newDoor(pages.Show, sent)
	if err != nil {
		return nil, nil, nil, err
	}
	s := newSite()
	s.page("GET /healthz", account.Nobody, answerHealth(watching.live))
	s.page("GET /readyz", account.Nobody, answerHealth(watching.ready))
	s.page("GET "+nodePath, account.Nobody, a.handCopy) // shows by a proof of its own that it may
	s.room(a.ownWrites(pages), addressesOf(pages.now.Load().Routes()), "/")
	if err := a.answerPrograms(s, pages); err != nil {
		return nil, nil, nil, err
	}
	var patterns []string
	for _, r := range d.Routes() {
		patterns = append(patterns, r.Pattern)
	}
	s.room(d, addressesOf(d.Routes()), patterns...)
	return a.sameOrigin(bounded(d.Identify(s))), s, d, nil
}

// answerTime bounds what an answer waits for: a store that is cut off gives none, and tells nobody. It is shorter than it takes to
// be sure of that, and than proxies wait.
const answerTime = 15 * time.Second

// bounded ends what takes longer. Tables and copies of the index take their own time, and have bounds of their own.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == nodePath || strings.HasPrefix(r.URL.Path, "/export/") {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), answerTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// sameOrigin refuses what a browser sends for another site's page, but for reading.
func (a *App) sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if u, err := url.Parse(a.Config.Web.BaseURL); err == nil && u.Host != "" {
		// The pages' own address, should a proxy not hand on the host that was asked for.
		if err := guard.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			a.log.Error("web.base_url is not an origin", "url", a.Config.Web.BaseURL, "err", err) // unreachable: it was checked
		}
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Without the rest of the address: a key may stand in it.
		a.log.WarnContext(r.Context(), "a write in another site's name was refused", "under", "/"+strings.SplitN(r.URL.Path+"/", "/", 3)[1], "origin", r.Header.Get("Origin"))
		http.Error(w, "Begäran kom från en annan webbplats och har inte utförts. Öppna sidan på nytt och försök igen.\n"+
			"The request came from another site and was not carried out. Open the page anew and try again.", http.StatusForbidden)
	}))
	return guard.Handler(next)
}

// pages are what readers are shown, under the plan in force.
type pages struct {
	app  *App
	conf web.Config
	now  atomic.Pointer[web.Server]
	plan atomic.Pointer[plan.Plan] // of now

	mu     sync.Mutex
	others []*pages // of other organisations, as far as they are made
}

// with lets the pages of another organisation be renewed with these.
func (p *pages) with(other *pages) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others = append(p.others, other)
}

func (a *App) newPages(ctx context.Context) (*pages, error) {
	x, err := a.Index(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := x.Sync(ctx, feed{a.root()}); err != nil {
		return nil, err
	}
	conf := web.Config{Standing: a.standing, Store: a.Store, Index: x, Now: a.now, Log: a.log, BaseURL: a.Config.Web.BaseURL, Root: a.Config.Web.Root(), Anyone: a.anyone(),
		SignIn: a.Config.Signin.Any(), Contact: a.Config.Web.Contact, API: "/api",
		Keeps: web.Keeps{Mails: a.Config.Mail.Keep, Audit: a.Config.Audit.Keep, Sessions: a.Config.Signin.Idle}}
	for _, s := range a.Config.Sources() {
		conf.Sources = append(conf.Sources, web.Source{ID: s.ID, Name: s.Name, NameEN: s.NameEN})
	}
	p := &pages{app: a, conf: conf}
	return p, p.renew()
}

// renew makes the pages anew: they are made for one plan.
func (p *pages) renew() error {
	conf := p.conf
	conf.Plan = p.app.Plan
	made, err := web.New(conf)
	if err == nil {
		p.now.Store(made)
		p.plan.Store(conf.Plan)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, other := range p.others {
		err = errors.Join(err, other.renew())
	}
	return err
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.now.Load().ServeHTTP(w, r) }

// follow lets matches, index and pages follow the store and the plan until the context ends.
func (a *App) follow(ctx context.Context, pages *pages, h *health) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	look := time.NewTicker(watchEvery)
	defer look.Stop()
	var reconciled time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if err := a.Watch(ctx); err != nil && !errors.Is(err, context.Canceled) {
				a.log.ErrorContext(ctx, "how the sources stand cannot be told; trying again", "err", err)
			}
			if pages != nil {
				if err := a.reconcileNightly(ctx, &reconciled); err != nil && !errors.Is(err, context.Canceled) {
					a.log.ErrorContext(ctx, "the index cannot be compared with the store; trying again tomorrow", "err", err)
				}
			}
		case <-tick.C:
			err := a.followOnce(ctx, pages)
			h.came(err)
			if err != nil && !errors.Is(err, context.Canceled) {
				a.log.ErrorContext(ctx, "matches and index cannot follow the store; trying again", "err", err)
			}
		}
	}
}

func (a *App) followOnce(ctx context.Context, pages *pages) error {
	a.turn.Lock()
	defer a.turn.Unlock()
	if a.renewPlan() && pages != nil {
		if err := pages.renew(); err != nil {
			a.log.ErrorContext(ctx, "pages of the edited plan", "err", err)
		}
	}
	if err := a.weighInTurn(ctx); err != nil || pages == nil {
		return err
	}
	x, err := a.Index(ctx)
	if err != nil {
		return err
	}
	if _, err = x.Sync(ctx, feed{a.root()}); err != nil {
		return err
	}
	return a.beat(ctx)
}
