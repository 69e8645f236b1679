package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"utkik/internal/app"
	"utkik/internal/report"
)

// reportFormats are the forms that a report can be printed in.
var reportFormats = []string{"html", "csv", "xlsx", "json"}

func (p *program) reportCommand() *cobra.Command {
	var year int
	var format, lang, output string
	c := &cobra.Command{
		Use:   "report --year YYYY",
		Short: "Follow up a year of the plan, priority by priority",
		Long: `Counts for each priority of the plan what came in a year, what was told, decided, and decided in time; for each department what it decided;
which networks were concerned; what may have been missed; and how reliable the sources were. doc/report.md explains every figure.

  utkik report --year 2026 > uppfoljning.html                      # one page, to read and to print
  utkik report --year 2026 --format xlsx,html --output reports     # reports/utkik-2026.xlsx and .html

csv is the table of priorities; xlsx has every table, with the items; json has it all.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if year == 0 {
				return usageError{fmt.Errorf("missing --year, such as --year 2026; see %s --help", cmd.CommandPath())}
			}
			if year < 1990 || year > 9999 {
				return usageError{fmt.Errorf("--year %d: want a year such as 2026", year)}
			}
			if p.json && !cmd.Flags().Changed("format") {
				format = "json"
			}
			var formats []string
			for f := range strings.SplitSeq(format, ",") {
				f = strings.TrimSpace(f)
				if !slices.Contains(reportFormats, f) {
					return usageError{fmt.Errorf("--format %q: want some of %s, with commas between", f, strings.Join(reportFormats, ", "))}
				}
				formats = append(formats, f)
			}
			if lang != "sv" && lang != "en" {
				return usageError{fmt.Errorf("--lang %q: want sv or en", lang)}
			}
			if output == "" && len(formats) > 1 {
				return usageError{fmt.Errorf("several formats need a folder to go to: name it with --output")}
			}
			if f, ok := p.out.(*os.File); ok && output == "" && formats[0] == "xlsx" && term.IsTerminal(int(f.Fd())) {
				return usageError{fmt.Errorf("a workbook is not for a terminal: send it to a file, or name a folder with --output")}
			}
			return p.with(cmd.Context(), func(a *app.App) error {
				r, err := a.Report(cmd.Context(), year, lang)
				if err != nil {
					return err
				}
				return p.writeReport(r, formats, output)
			})
		},
	}
	c.Flags().IntVar(&year, "year", 0, "the `year` to follow up")
	c.Flags().StringVar(&format, "format", "html", "`formats`, with commas between: html, csv, xlsx, json")
	c.Flags().StringVar(&lang, "lang", "sv", "`language`: sv or en")
	c.Flags().StringVar(&output, "output", "", "`folder` for the files; without it one format is printed")
	return c
}

func (p *program) writeReport(r report.Report, formats []string, output string) error {
	for _, f := range formats {
		text, err := map[string]func(report.Report) ([]byte, error){"html": report.HTML, "csv": report.CSV, "xlsx": report.XLSX, "json": report.JSON}[f](r)
		if err != nil {
			return err
		}
		if output == "" {
			if _, err := p.out.Write(text); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(output, 0o755); err != nil {
			return err
		}
		name := filepath.Join(output, fmt.Sprintf("utkik-%d.%s", r.Year, f))
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return err
		}
		fmt.Fprintln(p.out, name)
	}
	return nil
}
