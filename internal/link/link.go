// Package link finds which items of different sources are the same call: a portal's topic, the agency's page on it, a
// notice of it. It is pure: [Read] makes of a call the few facts by which it can be recognised, [Find] lays the facts of
// all calls beside each other, and [Groups] says what is then shown as one.
//
// What is found of one call hangs on those that it meets, and not on how many there are: [KeysOf], [Judge] and [Choose]
// bring the links of a changed call to where Find would find them anew.
//
// In this order, each with both sides quoted:
//
//   - By identifier: the one code that a page speaks of is the other's own. A code of a whole call is not that of its
//     topics: their page is a part of its page, and stays an item of its own.
//   - By address: the one address that a page points to, or stands under, is the other's.
//   - By title and dates: titles that share most of their rarer words, on the same day, of the same kind.
//
// Items of one source are never linked: a source knows its own. Who asks is asked apart: two consultations on one
// proposal are two, each with its own last day. Codes that differ, and years and numbers in titles that differ, speak
// against everything but a person's word.
package link

import (
	"cmp"
	"fmt"

	"utkik/internal/call"
)

// Version of the rules. Links that other rules found are found anew.
const Version = 3

// Relation is how the first of two calls stands to the second.
type Relation string

// The relations.
const (
	Same  Relation = "same"  // both are the same call, and are shown as one
	Part  Relation = "part"  // the first is a topic of the call that the second's page is about
	Whole Relation = "whole" // the other way round
)

// Validate tells whether r is one of the relations.
func (r Relation) Validate() error {
	switch r {
	case Same, Part, Whole:
		return nil
	}
	return fmt.Errorf("relation %q is none of same, part, whole", string(r))
}

// turned is the relation seen from the other side.
func (r Relation) turned() Relation {
	switch r {
	case Part:
		return Whole
	case Whole:
		return Part
	}
	return r
}

// By is what a link was found by.
type By string

// The grounds of links, strongest first.
const (
	ByHand       By = "hand"
	ByIdentifier By = "identifier"
	ByAddress    By = "address"
	ByTitle      By = "title"
)

// Quote is what one side says, in its own words.
type Quote struct {
	Field string `json:"field"` // of the exchange format
	Text  string `json:"text"`
}

// Reason is why two calls are linked.
type Reason struct {
	By  By     `json:"by"`
	A   Quote  `json:"a"`
	B   Quote  `json:"b"`
	Day string `json:"day,omitempty"` // the day that both state, where it was needed: 2026-09-22
}

// Link is two calls of different sources, A before B, and how A stands to B.
type Link struct {
	A, B     call.Key
	Relation Relation
	Strength int // of 1000; only its order means anything
	Reason   Reason
}

// Compare orders links by strength, strongest first, and then by their keys.
func (l Link) Compare(o Link) int {
	return cmp.Or(cmp.Compare(o.Strength, l.Strength), l.A.Compare(o.A), l.B.Compare(o.B))
}

// turned is the link seen from its other side.
func (l Link) turned() Link {
	l.A, l.B = l.B, l.A
	l.Reason.A, l.Reason.B = l.Reason.B, l.Reason.A
	l.Relation = l.Relation.turned()
	return l
}

// Pair puts two keys into the order in which links name them.
func Pair(a, b call.Key) (call.Key, call.Key) {
	if a.Compare(b) > 0 {
		return b, a
	}
	return a, b
}

// portals are the sources whose items stand for all that others write about them.
func portal(source string) bool { return source == "ft-portal" || source == "have-your-say" }
