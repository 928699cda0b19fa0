"""The map as a library: layers, basemap rules and the folium page. It knows no database and no web
framework.
"""
