package app

import (
	"context"

	"utkik/internal/api"
	"utkik/internal/plan"
)

// answerPrograms adds what programs ask for, beside the pages and under the same plan.
func (a *App) answerPrograms(s *site, pages *pages) error {
	conf := api.Config{
		Plan: func() *plan.Plan { return pages.plan.Load() }, Store: a.Store, Index: pages.conf.Index, Sources: a.sourcesForPrograms, Save: a.SaveRecipient,
		BaseURL: a.Config.Web.BaseURL, Anyone: a.anyone(), Now: a.now, Log: a.log,
	}
	for _, src := range a.Config.Sources() {
		conf.SourceIDs = append(conf.SourceIDs, src.ID)
	}
	if w := a.Config.Web; w.APIRate > 0 {
		conf.Limiter = api.NewLimiter(w.APIRate, w.APIBurst)
	}
	programs, err := api.New(conf)
	if err != nil {
		return err
	}
	s.room(programs, addressesOf(programs.Routes()), "/api", "/api/")
	return nil
}

// sourcesForPrograms says how every source stands, in the words of the interface for programs.
func (a *App) sourcesForPrograms(ctx context.Context) ([]api.Source, error) {
	all, err := a.Sources(ctx, "")
	out := make([]api.Source, len(all))
	for i, s := range all {
		out[i] = api.Source{ID: s.Source.ID, Name: s.Source.Name, NameEN: s.Source.NameEN, Kind: s.Source.Kind, Home: s.Source.Home, Enabled: s.Source.Enabled,
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
