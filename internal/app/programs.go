package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"utkik/internal/account"
	"utkik/internal/api"
	"utkik/internal/door"
	"utkik/internal/mcp"
	"utkik/internal/plan"
	"utkik/internal/web"
)

// answerPrograms adds what programs ask for, beside the pages and under the same plan.
func (a *App) answerPrograms(s *site, pages *pages) error {
	conf := api.Config{
		Plan: func() *plan.Plan { return pages.plan.Load() }, Store: a.Store, Index: pages.conf.Index,
		Sources: a.sourcesForPrograms, Save: a.SaveRecipient, Unseen: door.KindSignIn,
		Show: func(w http.ResponseWriter, r *http.Request, p api.Page) {
			pages.now.Load().Show(w, r, web.Sheet{Title: p.Title, Body: p.Body})
		},
		BaseURL: a.Config.Web.BaseURL, Root: a.Config.Web.Root(), Anyone: a.anyone(), Now: a.now, Log: a.log,
	}
	for _, src := range a.Config.Sources() {
		conf.SourceIDs = append(conf.SourceIDs, src.ID)
	}
	if w := a.Config.Web; w.APIRate > 0 {
		conf.Limiter = api.NewLimiter(w.APIRate, w.APIBurst, time.Now)
	}
	programs, err := api.New(conf)
	if err != nil {
		return err
	}
	s.room(programs, addressesOf(programs.Routes()), "/api", "/api/")
	models := mcp.New(mcp.Config{Plan: conf.Plan, Store: a.Store, Index: pages.conf.Index, BaseURL: a.pagesAt(),
		Proxied: a.Config.Web.BaseURL != "", Now: a.now, Log: a.log})
	s.room(programs.Guard(account.Reader, models.Handler()), []address{{"/mcp", account.Reader}},
		"/mcp") // only reads, by whichever method
	return nil
}

// pagesAt is an address of the pages that a person can follow who is told of it: the configured one, or else this machine's.
func (a *App) pagesAt() string {
	if base := a.Config.Web.BaseURL; base != "" {
		return base
	}
	host, port, err := net.SplitHostPort(a.Config.Web.Listen)
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// AnswerModel answers one language model over a pair of streams until it goes. Each answer is of the store as it then is.
func (a *App) AnswerModel(ctx context.Context, in io.ReadCloser, out io.WriteCloser) error {
	if err := a.CatchUp(ctx); err != nil {
		return err
	}
	x, err := a.Index(ctx)
	if err != nil {
		return err
	}
	var one sync.Mutex // a model may ask several things at a time
	conf := mcp.Config{Plan: func() *plan.Plan { return a.Plan }, Store: a.Store, Index: x, BaseURL: a.pagesAt(),
		Now: a.now, Log: a.log}
	conf.CatchUp = func(ctx context.Context) error {
		one.Lock()
		defer one.Unlock()
		return a.CatchUp(ctx)
	}
	return mcp.New(conf).Run(ctx, in, out)
}

// sourcesForPrograms says how every source stands, in the words of the interface for programs.
func (a *App) sourcesForPrograms(ctx context.Context) ([]api.Source, error) {
	all, err := a.Sources(ctx, "")
	out := make([]api.Source, len(all))
	for i, s := range all {
		out[i] = api.Source{ID: s.Source.ID, Name: s.Source.Name, NameEN: s.Source.NameEN, Kind: s.Source.Kind,
			Home: s.Source.Home, Enabled: s.Source.Enabled,
			EveryHours: s.Source.Every.Hours(), State: string(s.State), Reason: s.Reason, Held: s.Held}
		if !s.Since.IsZero() {
			out[i].Since = &s.Since
		}
		if !s.LastComplete.IsZero() {
			out[i].LastComplete = &s.LastComplete
		}
	}
	return out, err
}
