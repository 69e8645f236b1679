package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"utkik/internal/app"
)

func (p *program) vocabularyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "vocabulary",
		Short: "Lend plans words from a table of concepts, such as EuroVoc",
		Long: `A plan has words of its own for what it is about. A table of concepts, each with a Swedish and an English label, lends it
words where it has none: as weak evidence, beside the plan's. Nothing is lent until a table is imported.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(p.vocabularyImportCommand(), p.vocabularyShowCommand(), p.vocabularyRemoveCommand())
	return c
}

func (p *program) vocabularyImportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Take in a table of concepts (- for standard input)",
		Long: `Takes in a table of concepts: UTF-8 text with tabs, the header id, sv, en, source, and a line a concept. It is kept in the
data folder beside what was imported before. All or nothing: a file with a bad row changes nothing, and every bad row is named.
Stored calls are matched anew with the next crawl, search or digest.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			name, in, err := input(args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			done, err := app.ImportVocabulary(cfg, name, in)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(done)
			}
			fmt.Fprintf(p.out, "%d concepts read: %d new, %d changed; %d in all\n", done.Read, done.Added, done.Changed, done.Total)
			if done.Joined > 0 {
				fmt.Fprintf(p.out, "%d rows were broken over several lines and were put together\n", done.Joined)
			}
			return nil
		},
	}
}

// lentLine is a lent word as `utkik vocabulary show --json` prints it.
type lentLine struct {
	Priority string  `json:"priority"`
	Language string  `json:"language"`
	Words    string  `json:"words"`
	Weight   float64 `json:"weight"`
	By       string  `json:"by"`
	Concept  string  `json:"concept"`
	Source   string  `json:"source"`
}

func (p *program) vocabularyShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show [PRIORITY]",
		Short: "Show which tables are there, and what they lend the plan",
		Long: `Shows how many concepts of each source were imported, and how many words they lend each priority of the configured plan;
with a priority, every word, with the plan's term that brought it. A good one is better off in the plan file.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			pl, err := loadPlan(cfg, cfg.Plan)
			if err != nil {
				return err
			}
			if len(args) == 1 && !slices.Contains(pl.PriorityIDs(), args[0]) {
				return usageError{fmt.Errorf("unknown priority %q of plan %s; its priorities are %s", args[0], pl.ID, strings.Join(pl.PriorityIDs(), ", "))}
			}
			table, lent, err := app.Lent(cfg, pl)
			if err != nil {
				return err
			}
			lines := []lentLine{}
			count := map[string]int{}
			for _, l := range lent {
				count[l.Priority]++
				if len(args) == 1 && l.Priority != args[0] {
					continue
				}
				line := lentLine{l.Priority, "sv", l.Term.SV, l.Term.Weight, l.By.SV, l.Concept.ID, l.Concept.Source}
				if line.Words == "" {
					line.Language, line.Words = "en", strings.Join(l.Term.EN, ", ")
				}
				if line.By == "" {
					line.By = strings.Join(l.By.EN, ", ")
				}
				lines = append(lines, line)
			}
			if p.json {
				return p.printJSON(struct {
					Sources any        `json:"sources"`
					Lent    []lentLine `json:"lent"`
				}{table.Sources(), lines})
			}
			if len(args) == 1 {
				for _, l := range lines {
					fmt.Fprintf(p.out, "%.2f %s %-40s by %q (%s)\n", l.Weight, l.Language, l.Words, l.By, l.Concept)
				}
				return nil
			}
			if len(table) == 0 {
				fmt.Fprintln(p.out, "no table was imported, and nothing is lent; `utkik vocabulary import FILE` takes one in")
				return nil
			}
			for _, s := range table.Sources() {
				fmt.Fprintf(p.out, "%-22s %6d concepts\n", s.Source, s.Concepts)
			}
			fmt.Fprintf(p.out, "\nlent to plan %s\n", pl.ID)
			for _, id := range pl.PriorityIDs() {
				fmt.Fprintf(p.out, "%-22s %6d words\n", id, count[id])
			}
			return nil
		},
	}
}

func (p *program) vocabularyRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove [SOURCE]",
		Short: "Remove the concepts of a source, or all of them",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			source := ""
			if len(args) == 1 {
				source = args[0]
				if source == "" {
					return usageError{fmt.Errorf("the source is empty; leave it out to remove all concepts")}
				}
			}
			left, err := app.RemoveVocabulary(cfg, source)
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(struct {
					Total int `json:"total"`
				}{left})
			}
			fmt.Fprintf(p.out, "removed; %d concepts are left\n", left)
			return nil
		},
	}
}
