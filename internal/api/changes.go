package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"utkik/internal/call"
	"utkik/internal/store"
)

// Change is a line of the change log.
type Change struct {
	Seq      int64      `json:"seq" doc:"Its place in the log; rising, with gaps."`
	At       time.Time  `json:"at" doc:"When this service saw it, UTC."`
	Source   string     `json:"source"`
	Ref      string     `json:"ref"`
	Event    call.Event `json:"event" enum:"new,opened,closed,deadlines,budget,title,text,opens,status,identifier,withdrawn"`
	Field    string     `json:"field" doc:"Which field of the exchange format; empty for new and withdrawn."`
	Old      string     `json:"old" doc:"As text; days apart by \", \"."`
	New      string     `json:"new"`
	Material bool       `json:"material" doc:"Worth a line in a digest; the rest is history only."`
	Baseline bool       `json:"baseline,omitempty" doc:"Seen when its source was first read: new to this service, not to the world."`
	Mended   bool       `json:"mended,omitempty" doc:"The service's reading was mended; the call itself did not change."`
	Web      string     `json:"web" doc:"The call's page."`
	Call     *call.Call `json:"call,omitempty" doc:"The call as it is now, with include=call."`
}

type changesInput struct {
	Source   string       `query:"source" doc:"Only of this source." example:"ft-portal"`
	Ref      string       `query:"ref" doc:"Only of this call; needs source." maxLength:"500"`
	Event    []call.Event `query:"event,explode" enum:"new,opened,closed,deadlines,budget,title,text,opens,status,identifier,withdrawn" doc:"Only these; repeat for several."`
	Material bool         `query:"material" doc:"Only what is worth a line in a digest."`
	Since    time.Time    `query:"since" doc:"Begin with what was seen then (RFC 3339). A beginning, not a filter: with a cursor it has no part." example:"2026-07-01T00:00:00Z"`
	Include  string       `query:"include" enum:"call" doc:"call: each change with the call as it is now."`
	Limit    int          `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Changes in one answer."`
	Cursor   string       `query:"cursor" maxLength:"2000" doc:"next of an earlier answer."`
}

type changesOutput struct {
	Body struct {
		Changes []Change `json:"changes"`
		Next    string   `json:"next" doc:"Where to go on, now or another day. Always there."`
		More    bool     `json:"more" doc:"There is more already."`
	}
}

// place is a place in the change log: the row that was read last, with a mark of what that row says. Seq 0 is before the first.
// A log that was set back gives numbers to other rows, and then the mark is another.
type place struct {
	Seq  int64  `json:"s"`
	Mark string `json:"m,omitempty"`
}

func placeAt(c *call.Change) place {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%d\x00%s\x00%s\x00%s\x00%s\x00%s\x00%s", c.Seq, c.At.UnixMilli(), c.Source,
		c.Ref, c.Event, c.Field, c.Old, c.New))
	return place{c.Seq, hex.EncodeToString(sum[:6])}
}

// check tells whether the row is the one that it was.
func (s *Server) check(ctx context.Context, p place) error {
	if p.Seq == 0 {
		return nil
	}
	row, err := s.cfg.Store.ChangeUpTo(ctx, p.Seq)
	if err != nil {
		return err
	}
	if row == nil || placeAt(row) != p {
		return staleCursor("the change log was set back, or is another service's")
	}
	return nil
}

// logEnd is the place of the last row up to a number.
func (s *Server) logEnd(ctx context.Context, seq int64) (place, error) {
	row, err := s.cfg.Store.ChangeUpTo(ctx, seq)
	if err != nil || row == nil {
		return place{}, err
	}
	return placeAt(row), nil
}

// Reading the log: how many rows at a time, and how many at most for one answer. Where a filter lets little through the
// answer may be short or empty, and its cursor goes on behind what was looked at.
const (
	logStep = 500
	logMost = 20_000
)

// changeScope is what a cursor of the change log holds to. Without filters it is what list-calls gives too.
func changeScope(in *changesInput) []byte {
	return scopeOf("changes", []any{in.Source, in.Ref, in.Event, in.Material})
}

func (s *Server) listChanges(ctx context.Context, in *changesInput) (*changesOutput, error) {
	var faults []Fault
	if in.Source != "" {
		fs, err := s.checkSources(ctx, "query.source", []string{in.Source})
		if err != nil {
			return nil, err
		}
		faults = append(faults, fs...)
	}
	if in.Ref != "" && in.Source == "" {
		faults = append(faults, Fault{"needs source beside it", "query.ref"})
	}
	if err := invalid(faults); err != nil {
		return nil, err
	}
	slices.Sort(in.Event)
	in.Event = slices.Compact(in.Event)
	scope := changeScope(in)
	// The end is asked for first: everything up to it is there, so behind it nothing can appear that was not seen.
	end, err := s.cfg.Store.LastSeq(ctx)
	if err != nil {
		return nil, err
	}
	q := store.ChangeQuery{Source: in.Source, Limit: logStep}
	if in.Ref != "" {
		q.Key = call.Key{Source: in.Source, Ref: in.Ref}
	}
	at := place{}
	if in.Cursor != "" {
		if err := unseal(in.Cursor, scope, &at); err != nil {
			return nil, err
		}
		if err := s.check(ctx, at); err != nil {
			return nil, err
		}
		q.After = at.Seq
	} else {
		q.Since = in.Since
	}
	out := &changesOutput{}
	out.Body.Changes = []Change{}
	full := false
	for looked := 0; !full && looked < logMost; {
		rows, err := s.cfg.Store.Changes(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if full = len(out.Body.Changes) == in.Limit; full {
				break
			}
			at, q.After = placeAt(&rows[i]), rows[i].Seq
			if in.lets(&rows[i]) {
				out.Body.Changes = append(out.Body.Changes, s.change(&rows[i]))
			}
		}
		looked += len(rows)
		if !full && len(rows) < logStep {
			if at.Seq < end { // nothing more of what is asked for: go on behind what others have
				if at, err = s.logEnd(ctx, end); err != nil {
					return nil, err
				}
			}
			break
		}
		full = full || looked >= logMost
	}
	out.Body.More = full
	out.Body.Next = seal(scope, at)
	if in.Include == "call" {
		return out, s.includeCalls(ctx, out.Body.Changes)
	}
	return out, nil
}

func (in *changesInput) lets(c *call.Change) bool {
	return (len(in.Event) == 0 || slices.Contains(in.Event, c.Event)) && (!in.Material || c.Material)
}

func (s *Server) change(c *call.Change) Change {
	return Change{c.Seq, c.At, c.Source, c.Ref, c.Event, c.Field, c.Old, c.New, c.Material, c.Baseline, c.Mended,
		s.web(c.Key()), nil}
}

// includeCalls puts beside each change the call as it is now.
func (s *Server) includeCalls(ctx context.Context, changes []Change) error {
	keys := make([]call.Key, len(changes))
	for i := range changes {
		keys[i] = call.Key{Source: changes[i].Source, Ref: changes[i].Ref}
	}
	records, err := s.cfg.Store.RecordsOf(ctx, keys)
	if err != nil {
		return err
	}
	for i, k := range keys {
		if rec, ok := records[k]; ok { // always: what changed is stored for good
			changes[i].Call = &rec.Call
		}
	}
	return nil
}
