package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong in a file, in the environment or on the command line, said so that
// whoever wrote it can mend it.
type Problem struct {
	File string // as the operator named it; "environment" or "command line" where there is no file
	Line int    // counted from 1; 0 if the place has no lines
	Key  string // the full name of the value, such as crawler.delay; empty if the whole file is meant
	Text string // what is wrong, and what to do about it
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(p.Line))
	}
	for _, part := range []string{p.Key, p.Text} {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	return b.String()
}

// Problems are all that is wrong, gathered before anybody is told: an operator mends a file once.
type Problems []Problem

// Error gives all problems, one a line, sorted by file, line and key. Problems with the same words are
// said once.
func (ps Problems) Error() string {
	var b strings.Builder
	for i, p := range ps.Sorted() {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// Sorted gives the problems by file, line, key and text, each once.
func (ps Problems) Sorted() Problems {
	sorted := slices.SortedFunc(slices.Values(ps), func(a, b Problem) int {
		return cmp.Or(
			strings.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			strings.Compare(a.Key, b.Key),
			strings.Compare(a.Text, b.Text),
		)
	})
	return slices.Compact(sorted)
}

// Err gives the problems as an error, sorted, or nil if there are none: a nil list in an error
// interface would not be nil.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps.Sorted()
}
