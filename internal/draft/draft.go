// Package draft reads an authority's action plan as people wrote it (text, DOCX or PDF) and writes a first
// plan file of it: goals, aims, the rows of its tables, networks, and a suggested vocabulary. What it is not
// sure of it marks with "# granska:" for the plan's keepers. It keeps no names of persons.
package draft

import "fmt"

// Outline is what was found in an action plan.
type Outline struct {
	Title     string
	Authority string // empty when the text names none
	Document  string // number and decision, as the plan states them; may be empty
	Goals     []Goal
	Tables    []Table
	Networks  []Network

	names map[string]bool // words that are names in this plan: of the authority, of networks
}

// Goal is a goal with the aims below it.
type Goal struct {
	Name    string
	Aims    []Aim
	Assumed string // why it is a guess, in Swedish; empty where the plan says it plainly
}

// Aim is one way to reach a goal, with what the plan says of it.
type Aim struct{ Name, Text string }

// Table is one table of activities. Where a plan has none, its aims stand as tables of one row.
type Table struct {
	Goal  int // index in Goals
	Title string
	Rows  []Row
}

// Row is one activity.
type Row struct {
	Heading  string   // the priority, carried down to the rows below it
	Text     string   // what is to be done
	Networks []string // ids
	With     []string // what the last column says beside networks, in its own words
	Doubt    string   // in Swedish; empty when there is none
}

// Network is a body that the plan works through.
type Network struct {
	ID, Name string
	Doubt    string // in Swedish; empty when the text introduces it
}

// Rows gives the number of activity rows of all tables.
func (o *Outline) Rows() int {
	n := 0
	for _, t := range o.Tables {
		n += len(t.Rows)
	}
	return n
}

// Aims gives the number of aims of all goals.
func (o *Outline) Aims() int {
	n := 0
	for _, g := range o.Goals {
		n += len(g.Aims)
	}
	return n
}

// Summary says in one line what was found.
func (o *Outline) Summary() string {
	return fmt.Sprintf("%d goals, %d aims, %d tables, %d activity rows, %d networks", len(o.Goals), o.Aims(), len(o.Tables), o.Rows(), len(o.Networks))
}
