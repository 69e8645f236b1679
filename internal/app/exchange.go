package app

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"utkik/crawler"
	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/intake"
	"utkik/internal/store"
)

// maxLine bounds one line of the exchange format, in bytes. The longest real calls come to 200 KB.
const maxLine = 16 << 20

// ReadCalls reads calls in the exchange format, one a line, and hands them on. All bad lines come as one error with
// their numbers, after every good line was handed on; empty lines are skipped.
func ReadCalls(name string, r io.Reader, each func(call.Call) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	var bad []string
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		c, err := call.Decode(line)
		if err != nil {
			bad = append(bad, fmt.Sprintf("%s:%d: %v", name, n, err))
			continue
		}
		if err := each(c); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		bad = append(bad, fmt.Sprintf("%s:%d: %v (a line may have %d bytes)", name, n+1, err, maxLine))
	}
	if len(bad) > 0 {
		const shown = 20
		if more := len(bad) - shown; more > 0 {
			bad = append(bad[:shown], fmt.Sprintf("and %d more", more))
		}
		return &LinesError{strings.Join(bad, "\n")}
	}
	return nil
}

// LinesError lists the lines of an input that could not be read.
type LinesError struct{ text string }

func (e *LinesError) Error() string { return e.text }

// Import takes in calls in the exchange format. All or nothing: a file with bad lines changes nothing.
func (a *App) Import(ctx context.Context, name string, r io.Reader) ([]RunLine, error) {
	bySource := map[string][]kind.Item{}
	var order []string
	seen := map[call.Key]bool{}
	err := ReadCalls(name, r, func(c call.Call) error {
		if seen[c.Key()] {
			return nil // the first of a key stands, as in a listing
		}
		seen[c.Key()] = true
		if bySource[c.Source] == nil {
			order = append(order, c.Source)
		}
		bySource[c.Source] = append(bySource[c.Source], kind.Item{Call: c})
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(order)
	var lines []RunLine
	for _, id := range order {
		row, err := a.take(ctx, kind.Source{ID: id}, intake.Import, func(*intake.Run) (crawler.Report, error) {
			return crawler.Report{Source: id, Items: bySource[id], Complete: true, Started: a.now(), Ended: a.now()}, nil
		})
		lines = append(lines, Line(row))
		if err != nil {
			return lines, err
		}
	}
	return lines, nil
}

// Export writes every stored call in the exchange format, in order of source and ref.
func (a *App) Export(ctx context.Context, w io.Writer) (int, error) {
	n := 0
	err := a.Store.EachRecord(ctx, func(r store.Record) error {
		line, err := call.Encode(&r.Call)
		if err != nil {
			return err
		}
		n++
		_, err = w.Write(append(line, '\n'))
		return err
	})
	return n, err
}
