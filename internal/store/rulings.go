package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"utkik/internal/watch"
)

// Decision is what a person decided on an item in quarantine.
type Decision string

// The decisions.
const (
	Released Decision = "released" // let in as its source said
	Dropped  Decision = "dropped"  // left out until it changes
)

// Validate tells whether d is one of the known decisions.
func (d Decision) Validate() error {
	switch d {
	case Released, Dropped:
		return nil
	}
	return fmt.Errorf("decision %q is none of released, dropped", string(d))
}

// Ruling is a person's decision on an item in quarantine. A row is never altered; the latest of a ref counts.
type Ruling struct {
	ID       int64  // set by the store
	Source   string // set by the store
	Ref      string
	Decision Decision
	Reason   string    // why the item was held
	Why      string    // the person's words
	At       time.Time // set by the store
	Likeness string    // of the item as it was held; another one is judged anew
}

// Rulings gives every decision on items of the source, oldest first.
func (s *Store) Rulings(ctx context.Context, source string) ([]Ruling, error) {
	return all(ctx, s, scanRuling, rulingList, source)
}

func scanRuling(row scanner) (Ruling, error) {
	var r Ruling
	var when int64
	err := row.Scan(&r.ID, &r.Source, &r.Ref, &r.Decision, &r.Reason, &r.Why, &when, &r.Likeness)
	r.At = at(when)
	return r, err
}

// Covered is what the listing of one run held.
type Covered struct {
	Run     int64
	Started time.Time
	watch.Coverage
}

// Coverage gives what the complete crawls of the source that began at that time or later held, newest first.
func (s *Store) Coverage(ctx context.Context, source string, since time.Time) ([]Covered, error) {
	var out []Covered
	err := each(ctx, s, scanCovered, func(c coveredField) error {
		if n := len(out); n == 0 || out[n-1].Run != c.run {
			out = append(out, Covered{c.run, at(c.started), watch.Coverage{Items: c.items, Have: map[string]int{}}})
		}
		out[len(out)-1].Have[c.field] = c.have
		return nil
	}, coverageList, source, ms(since))
	return slices.Clip(out), err
}

type coveredField struct {
	run, started int64
	field        string
	have, items  int
}

func scanCovered(row scanner) (coveredField, error) {
	var c coveredField
	err := row.Scan(&c.run, &c.started, &c.field, &c.have, &c.items)
	return c, err
}
