package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"utkik/internal/web"
)

// followEvery is how often a server looks for what other commands have written to the store.
const followEvery = 5 * time.Second

// watchEvery is how often a server looks whether a source is late, which no run of it can tell.
const watchEvery = 10 * time.Minute

// Serve answers on a listener until the context ends, and lets matches and index follow the store meanwhile.
func (a *App) Serve(ctx context.Context, l net.Listener) error {
	if err := a.CatchUp(ctx); err != nil {
		return err
	}
	x, err := a.Index(ctx)
	if err != nil {
		return err
	}
	conf := web.Config{Store: a.Store, Index: x, Now: a.now, Log: a.log}
	for _, s := range a.Config.Sources() {
		conf.Sources = append(conf.Sources, web.Source{ID: s.ID, Name: s.Name, NameEN: s.NameEN})
	}
	var pages atomic.Pointer[web.Server]
	renew := func() error { // pages are made for one plan
		conf.Plan = a.Plan
		made, err := web.New(conf)
		if err == nil {
			pages.Store(made)
		}
		return err
	}
	if err := renew(); err != nil {
		return err
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { pages.Load().ServeHTTP(w, r) }), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	follow, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.follow(follow, renew)
	}()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	a.log.Info("serving", "url", "http://"+l.Addr().String()+"/")
	select {
	case <-ctx.Done():
		// Readers in the middle of a page get it; nobody is waited for longer than this.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		err = server.Shutdown(last)
		cancel()
		<-failed
	case err = <-failed:
		err = fmt.Errorf("serve %s: %v", l.Addr(), err)
	}
	stop()
	<-done
	return err
}

// follow lets matches, index and pages follow the store and the plan until the context ends.
func (a *App) follow(ctx context.Context, renew func() error) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	look := time.NewTicker(watchEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if err := a.Watch(ctx); err != nil && !errors.Is(err, context.Canceled) {
				a.log.Error("how the sources stand cannot be told; trying again", "err", err)
			}
		case <-tick.C:
			if a.renewPlan() {
				if err := renew(); err != nil {
					a.log.Error("pages of the edited plan", "err", err)
				}
			}
			if err := a.CatchUp(ctx); err != nil && !errors.Is(err, context.Canceled) {
				a.log.Error("matches and index cannot follow the store; trying again", "err", err)
			}
		}
	}
}
