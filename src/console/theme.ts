/** The chosen theme: a cookie that the server reads, so that the first paint is right. None = the system's. */
export type Theme = "light" | "dark"

const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches

export const currentTheme = (): Theme => {
  const chosen = document.documentElement.dataset["theme"]
  return chosen === "light" || chosen === "dark" ? chosen : isDark() ? "dark" : "light"
}

export const toggleTheme = (): void => {
  const next = currentTheme() === "dark" ? "light" : "dark"
  document.documentElement.dataset["theme"] = next
  document.cookie = `braid_theme=${next}; Path=/console; SameSite=Strict; Max-Age=31536000`
}
