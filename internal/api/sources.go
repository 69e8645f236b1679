package api

import (
	"context"
	"fmt"
	"time"

	"utkik/internal/store"
)

// Source is how a source stands.
type Source struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	NameEN       string     `json:"name_en,omitempty"`
	Kind         string     `json:"kind" doc:"The shape of the site."`
	Home         string     `json:"home" doc:"For people."`
	Enabled      bool       `json:"enabled"`
	EveryHours   float64    `json:"every_hours" doc:"How often it is to be read."`
	State        string     `json:"state" enum:"ok,quiet,late,incomplete,broken,quarantined,disabled" doc:"ok or quiet: read to its end, something or nothing came. late: not read in time. incomplete: not to its end, or a field was lost. broken: nothing was read. quarantined: its reading was so strange that the new waits."`
	Since        *time.Time `json:"since,omitempty" doc:"In that state."`
	Reason       string     `json:"reason,omitempty"`
	LastComplete *time.Time `json:"last_complete,omitempty" doc:"When it was last read to its end: what it published later may be missing."`
	Held         int        `json:"held" doc:"Items in quarantine: out of everything that readers see, until somebody decides."`
}

// Run is one reading of a source.
type Run struct {
	ID          int64      `json:"id"`
	Source      string     `json:"source"`
	Mode        string     `json:"mode" doc:"crawl, reparse, import, release or drop."`
	Started     time.Time  `json:"started"`
	Ended       *time.Time `json:"ended,omitempty" doc:"None while it is going on."`
	Requests    int        `json:"requests"`
	NotModified int        `json:"not_modified" doc:"Answers that the source had not changed."`
	Bytes       int64      `json:"bytes"`
	Seen        int        `json:"seen"`
	Added       int        `json:"added"`
	Changed     int        `json:"changed"`
	Gone        int        `json:"gone"`
	Quarantined int        `json:"quarantined"`
	Complete    bool       `json:"complete" doc:"Everything that the source lists was read."`
	Suspect     bool       `json:"suspect" doc:"So strange that only openings and extensions were believed."`
	Error       string     `json:"error,omitempty"`
}

type sourcesOutput struct {
	Body struct {
		Sources []Source `json:"sources" doc:"By id."`
	}
}

type sourceInput struct {
	Source string `path:"source" maxLength:"100" example:"ft-portal"`
}

type sourceOutput struct{ Body Source }

type runsInput struct {
	Source string `query:"source" doc:"Only of this source."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"2000" doc:"next of an earlier answer."`
}

type runsOutput struct {
	Body struct {
		Runs []Run  `json:"runs"`
		Next string `json:"next,omitempty" doc:"Where to go on; none on the last page."`
	}
}

func (s *Server) listSources(ctx context.Context, _ *struct{}) (*sourcesOutput, error) {
	all, err := s.cfg.Sources(ctx)
	if err != nil {
		return nil, err
	}
	out := &sourcesOutput{}
	out.Body.Sources = append([]Source{}, all...)
	return out, nil
}

func (s *Server) getSource(ctx context.Context, in *sourceInput) (*sourceOutput, error) {
	all, err := s.cfg.Sources(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, src := range all {
		if src.ID == in.Source {
			return &sourceOutput{src}, nil
		}
		ids = append(ids, src.ID)
	}
	return nil, notFound(fmt.Sprintf("source %q that is watched", short(in.Source)), fault("", "source", in.Source, ids).Message)
}

func (s *Server) listRuns(ctx context.Context, in *runsInput) (*runsOutput, error) {
	if err := s.checkSource(ctx, in.Source); err != nil {
		return nil, err
	}
	scope := scopeOf("runs", in.Source)
	var before int64
	if in.Cursor != "" {
		if err := unseal(in.Cursor, scope, &before); err != nil {
			return nil, err
		}
	}
	runs, err := s.cfg.Store.RunsBefore(ctx, in.Source, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &runsOutput{}
	out.Body.Runs = []Run{}
	for _, r := range runs[:min(in.Limit, len(runs))] {
		out.Body.Runs = append(out.Body.Runs, runOf(&r))
	}
	if len(runs) > in.Limit {
		out.Body.Next = seal(scope, runs[in.Limit-1].ID)
	}
	return out, nil
}

func runOf(r *store.Run) Run {
	return Run{r.ID, r.Source, r.Kind, r.Started, instant(r.Ended), r.Requests, r.NotModified, r.Bytes, r.Seen, r.Added,
		r.Changed, r.Gone, r.Quarantined, r.Complete, r.Suspect, r.Error}
}
