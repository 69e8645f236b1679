package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/match"
)

// matchLine is what `utkik match` prints of a call.
type matchLine struct {
	Source  string         `json:"source"`
	Ref     string         `json:"ref"`
	Matches []match.Result `json:"matches"`
	None    string         `json:"none,omitempty"` // why there are none
}

func (p *program) matchCommand() *cobra.Command {
	var file, planName string
	var explain bool
	c := &cobra.Command{
		Use:   "match --input FILE",
		Short: "Match given calls to a plan without storing anything",
		Long: `Matches calls in the exchange format to a plan and prints a line of JSON a call, best priority first; --explain prints
every point of every score for people. Nothing is stored.`,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if file == "" {
				return usageError{errors.New("--input is missing: name a file of calls in the exchange format, or -")}
			}
			cfg, err := p.load()
			if err != nil {
				return err
			}
			if planName == "" {
				planName = cfg.Plan
			}
			pl, err := loadPlan(cfg, planName)
			if err != nil {
				return err
			}
			if pl, err = app.Weighed(cfg, pl); err != nil {
				return err
			}
			m, err := match.New(pl)
			if err != nil {
				return err
			}
			name, in, err := input(file)
			if err != nil {
				return err
			}
			defer in.Close()
			w := bufio.NewWriter(p.out)
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			err = app.ReadCalls(name, in, func(c call.Call) error {
				line := matchLine{Source: c.Source, Ref: c.Ref, Matches: m.Match(&c)}
				if line.Matches == nil {
					line.Matches, line.None = []match.Result{}, match.Nothing(&c)
				}
				if explain && !p.json {
					return printMatch(w, &c, line)
				}
				return enc.Encode(line)
			})
			return errors.Join(err, w.Flush())
		},
	}
	c.Flags().StringVar(&file, "input", "", "`file` of calls in the exchange format, - for standard input")
	c.Flags().StringVar(&planName, "plan", "", "id of a plan, or its `file` (default the configured one)")
	c.Flags().BoolVar(&explain, "explain", false, "print for people: every point of every score")
	c.AddCommand(p.matchEvalCommand(), p.matchTrainCommand(), p.matchLabelsCommand())
	return c
}

func printMatch(w *bufio.Writer, c *call.Call, line matchLine) error {
	fmt.Fprintf(w, "%s  %s\n", c.Key(), c.Title)
	if line.None != "" {
		fmt.Fprintf(w, "    nothing: %s\n", line.None)
	}
	for _, r := range line.Matches {
		mark := " "
		if r.Included {
			mark = "*"
		}
		fmt.Fprintf(w, "  %s %.3f %s\n", mark, r.Score, r.Priority)
		for _, why := range r.Reasons {
			fmt.Fprintf(w, "      %+.2f %s in %s: %s | %s\n", why.Weight, why.Term, why.Field, why.CallText, why.PriorityText)
		}
	}
	return nil
}
